// The bands of a scene that come from one raster.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/pipeline/strip_source.h"
#include "workers/raster/dataset.h"
#include "workers/raster/taps.h"
#include "workers/raster/target_grid.h"

namespace pushbroom {

/// One band of a raster and its place among the bands of the scene.
struct GroupBand {
  int band = 1;
  int slot = 0;
  std::vector<double> nodata;
  bool nearest = false;
};

/// What says which pixels of a raster are there, beside nodata values.
struct GroupMasks {
  std::vector<GDALRasterBand*> masks;  // of the dataset; > 0 is valid
};

/// Reads its bands' slots of a strip. Thread-compatible.
class BandGroup {
 public:
  virtual ~BandGroup() = default;
  /// `out` has room for all bands of the scene; of `out.valid` only pixels
  /// that this raster lacks are cleared.
  virtual absl::Status Read(int64_t y, int rows, const StripBuffer& out) = 0;
};

// Rows of decoded blocks that a group may keep.
constexpr int64_t kMaxCarryBytes = int64_t{256} << 20;

/// Pixels of the raster are pixels of the grid: target (0, 0) is the source's
/// pixel (column, row), which may lie outside of it. Each stored block is
/// decoded once; rows of it that are not asked for yet are kept, unless that
/// takes more than `max_carry_bytes`: then it is decoded again. `keep` lives
/// as long as the group (what a warped dataset reads from).
std::unique_ptr<BandGroup> MakeAlignedGroup(
    OpenRaster raster, std::vector<GroupBand> bands, GroupMasks masks,
    int64_t column, int64_t row, const Grid& grid, SampleType type,
    std::vector<OpenRaster> keep = {},
    int64_t max_carry_bytes = kMaxCarryBytes);

// Source values that a resampled group holds at once.
constexpr int64_t kPassBytes = int64_t{32} << 20;

/// Same axes, other pixels. Columns and rows of the target in pixels of the
/// source, as TapsOf takes them. Source rows are taken in passes of about
/// `pass_bytes`, however many make a target row; Read gives kInvalidArgument
/// where one line of source pixels alone is too long.
std::unique_ptr<BandGroup> MakeResampledGroup(
    OpenRaster raster, std::vector<GroupBand> bands, GroupMasks masks,
    const AxisMap& columns, const AxisMap& rows, const Grid& grid,
    SampleType type, int64_t pass_bytes = kPassBytes);

/// The bands of `raster` on `grid` through a transformation of coordinates,
/// and an alpha band after them. The dataset given reads from `raster`, which
/// must outlive it. kInvalidArgument where there is no way between the CRSs.
absl::StatusOr<OpenRaster> Warp(const OpenRaster& raster,
                                const std::vector<GroupBand>& bands,
                                const TargetGrid& grid);

}  // namespace pushbroom
