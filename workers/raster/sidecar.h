// Georeference that stands beside an image, in GDAL's `.aux.xml`.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ogr_spatialref.h"

namespace pushbroom {

struct Sidecar {
  std::array<double, 6> geotransform{};
  OGRSpatialReference srs;
};

/// Reads `path`.aux.xml, of which only <SRS> (as WKT) and <GeoTransform> are
/// looked at. Absent where there is no such file or it says nothing of the
/// place. kInvalidArgument if it is malformed, larger than 256 KiB, or a
/// symbolic link (it could leave the folder that was checked).
absl::StatusOr<std::optional<Sidecar>> ReadSidecar(const std::string& path);

}  // namespace pushbroom
