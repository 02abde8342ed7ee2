// What a raster says of itself, without reading pixels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/raster/grid.h"

namespace pushbroom {

struct RasterBandInfo {
  std::string description;           // GDAL band description; may be empty
  std::string color_interpretation;  // "red", "alpha", "undefined", …
  std::string data_type;             // STAC name: "uint16"
  std::optional<double> nodata, scale, offset;
  // Flagged as the alpha of an RGB or grey image. It counts as validity unless
  // somebody asks for it as a band (NAIP files flag near infrared so).
  bool is_mask = false;
};

struct RasterInfo {
  std::string driver;  // "GTiff"
  Grid grid;
  std::vector<RasterBandInfo> bands;
  std::string datetime;  // RFC 3339, of TIFFTAG_DATETIME, or ""
  // Mean side of a pixel on the ground; absent without a CRS.
  std::optional<double> pixel_size_m;
};

/// Prepares GDAL once for the process: drivers down to the allow-list, network
/// handlers replaced by ones that refuse, no sidecars, no directory listings.
/// Call before any other function of this folder. Idempotent; thread-safe.
void InitRaster();

/// Opens `location` (a checked local path or a /vsigate/ name).
/// kInvalidArgument: no raster of an allowed format, or beyond the limits
/// (bands, declared size, block size), with the value and the limit.
/// kNotFound, kPermissionDenied, kUnavailable: as the gate or the file says.
/// A JPEG whose georeference is in a sidecar `.aux.xml` gets it from there:
/// the sidecar is read by us, not by GDAL.
absl::StatusOr<RasterInfo> ReadRasterInfo(const std::string& location);

}  // namespace pushbroom
