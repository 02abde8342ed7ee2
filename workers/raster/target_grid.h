// The grid of a job, from the raster of its reference band and the request.
#pragma once

#include "absl/status/statusor.h"
#include "ogr_spatialref.h"
#include "workers/raster/dataset.h"
#include "workers/raster/scene_reader.h"

namespace pushbroom {

struct TargetGrid {
  Grid grid;
  OGRSpatialReference srs;     // empty: none
  bool georeferenced = false;  // else pixel coordinates
};

/// The reference's origin and axes; pixels as `resolution` or `decimation`
/// say; cut to the pixels that `bbox` touches. Errors as SceneReader::Open.
absl::StatusOr<TargetGrid> MakeTargetGrid(const OpenRaster& reference,
                                          const GridRequest& request);

}  // namespace pushbroom
