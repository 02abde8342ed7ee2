// A raster, opened and held against the limits.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "gdal_priv.h"
#include "ogr_spatialref.h"

namespace pushbroom {

/// Thread-compatible, as a GDALDataset is.
struct OpenRaster {
  std::string location;
  GDALDatasetUniquePtr dataset;
  // Absent: pixel coordinates.
  std::optional<std::array<double, 6>> geotransform;
  OGRSpatialReference srs;    // x before y always; empty: none
  bool from_sidecar = false;  // the georeference; GDAL does not know it

  bool has_srs() const { return !srs.IsEmpty(); }
  int width() const { return dataset->GetRasterXSize(); }
  int height() const { return dataset->GetRasterYSize(); }
};

/// As ReadRasterInfo.
absl::StatusOr<OpenRaster> OpenRasterFile(const std::string& location);

/// How to name a location to people: without our own prefix.
std::string DisplayName(const std::string& location);

bool IsRemote(const std::string& location);

/// Why something on `location` failed: the gate's reason if there is one, else
/// kInvalidArgument with `text`.
absl::Status ReadError(const std::string& location, const std::string& text);

/// True for a band flagged as the alpha of an RGBA or grey-alpha image.
bool IsAlpha(GDALDataset& dataset, int band);

}  // namespace pushbroom
