// The bands of a scene as strips on one target grid.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/geo_types.h"
#include "workers/pipeline/strip_source.h"
#include "workers/raster/grid.h"

namespace pushbroom {

/// One band to read. (inputs makes these from its Scene; raster knows no
/// STAC.)
struct RasterBand {
  std::string location;
  int band = 1;
  std::optional<double> nodata;  // beside the raster's own
  bool nearest = false;          // categorical: no interpolation
};

struct GridRequest {
  int reference = 0;                 // index of the band whose grid is used
  std::optional<Bbox> bbox;          // in any CRS
  std::optional<double> resolution;  // units of the target CRS
  // Pixels of the reference that make one of the grid along each axis: an
  // exact mean of decimation² pixels. Not together with `resolution`.
  int decimation = 1;
  int64_t max_pixels = int64_t{1} << 36;
};

/// Thread-compatible.
class SceneReader : public StripSource {
 public:
  /// Opens all bands, in parallel for remote ones. Same CRS: pixels that lie on
  /// the grid are read as they are, others are interpolated on the fly
  /// (bilinear, or nearest), or averaged by area where the grid is 1.5 times
  /// coarser or more; then type() is kFloat32. Other CRS: through a warped
  /// dataset. Validity: mask band, alpha (unless it is one of `bands`), nodata,
  /// the first that the raster has, and the band's `nodata` and NaN always; a
  /// pixel is valid if every band is. kInvalidArgument: a band that is not
  /// there, no overlap of the bbox (with both extents), no georeference where
  /// one is needed, complex types, more than max_pixels.
  static absl::StatusOr<std::unique_ptr<SceneReader>> Open(
      const std::vector<RasterBand>& bands, const GridRequest& request);

  virtual const Grid& grid() const = 0;
};

}  // namespace pushbroom
