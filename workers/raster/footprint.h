// Where a grid lies on the globe.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "ogr_spatialref.h"
#include "workers/raster/grid.h"

namespace pushbroom {

/// Sets crs_wkt, epsg, geometry and bbox of `grid` from its geotransform. The
/// outline is densified, so that it stays true where the CRS bends it, and cut
/// at the antimeridian. Without a CRS, or where it has no place on the globe,
/// geometry is null and bbox empty.
void SetPlace(const OGRSpatialReference& srs, Grid& grid);

/// Mean side of a pixel in metres, at the centre of the grid; absent without a
/// CRS.
std::optional<double> PixelSizeMetres(const OGRSpatialReference& srs,
                                      const Grid& grid);

}  // namespace pushbroom
