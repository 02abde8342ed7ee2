// Results as cloud-optimized GeoTIFF: rows are staged as they come, and made
// into a COG with overviews at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/pipeline/row_sink.h"
#include "workers/raster/grid.h"

namespace pushbroom {

struct RasterClass {
  uint8_t value = 0;
  std::string name;
  uint8_t red = 0, green = 0, blue = 0;
};

struct RasterOptions {
  std::string path;               // of the finished COG
  std::string scratch_directory;  // for the staged file
  int bands = 1;
  // Class raster: uint8, colour table, category names, mode overviews.
  // Empty: float32, average overviews.
  std::vector<RasterClass> classes;
  std::vector<std::string> band_names;
  double nodata = 255;  // NaN for float rasters
};

/// Thread-compatible.
class RasterWriter : public RowSink {
 public:
  static absl::StatusOr<std::unique_ptr<RasterWriter>> Create(
      const Grid& grid, const RasterOptions& options);
  /// Makes the COG and closes it. Without it nothing is left at `path`.
  virtual absl::Status Finish() = 0;
};

}  // namespace pushbroom
