// The grid of a result: where its pixels are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "service/core/base/json.h"

namespace pushbroom {

struct Grid {
  int64_t width = 0, height = 0;
  // GDAL geotransform: x = gt[0] + col*gt[1] + row*gt[2], y = gt[3] + …
  std::array<double, 6> geotransform{0, 1, 0, 0, 0, 1};
  std::string crs_wkt;  // WKT2; empty: pixel coordinates
  int epsg = 0;         // 0: none or unknown
  // Footprint in CRS84: GeoJSON Polygon (MultiPolygon over the antimeridian)
  // and STAC bbox. Null and empty without a CRS.
  Json geometry;
  std::vector<double> bbox;
};

}  // namespace pushbroom
