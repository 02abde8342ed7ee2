#include "workers/raster/target_grid.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/core/base/status.h"
#include "workers/raster/footprint.h"
#include "workers/raster/gdal_errors.h"

namespace pushbroom {
namespace {

// Edges that meet a pixel's border within this share of a pixel are on it.
constexpr double kSnap = 1e-4;

struct Box {
  double min_x = 0, min_y = 0, max_x = 0, max_y = 0;
};

std::string ToString(const Box& box) {
  return absl::StrFormat("[%.10g, %.10g, %.10g, %.10g]", box.min_x, box.min_y,
                         box.max_x, box.max_y);
}

Box Extent(const Grid& grid) {
  const auto& g = grid.geotransform;
  const double w = static_cast<double>(grid.width);
  const double h = static_cast<double>(grid.height);
  const double xs[] = {g[0], g[0] + w * g[1], g[0] + h * g[2],
                       g[0] + w * g[1] + h * g[2]};
  const double ys[] = {g[3], g[3] + w * g[4], g[3] + h * g[5],
                       g[3] + w * g[4] + h * g[5]};
  return {*std::min_element(xs, xs + 4), *std::min_element(ys, ys + 4),
          *std::max_element(xs, xs + 4), *std::max_element(ys, ys + 4)};
}

bool Overlap(const Box& a, const Box& b) {
  return a.min_x < b.max_x && b.min_x < a.max_x && a.min_y < b.max_y &&
         b.min_y < a.max_y;
}

// `bbox` in the CRS of the grid, as one box that overlaps `extent` if any does.
absl::StatusOr<Box> Project(const Bbox& bbox, const OpenRaster& reference,
                            const Box& extent) {
  PB_ASSIGN_OR_RETURN(const int epsg, EpsgFromCrs(bbox.crs));
  OGRSpatialReference source;
  GdalErrors errors;
  if (source.importFromEPSG(epsg) != OGRERR_NONE) {
    return absl::InvalidArgumentError(
        absl::StrCat("bbox: unknown CRS ", bbox.crs));
  }
  source.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  Box box{bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y};
  const bool geographic = reference.srs.IsGeographic();
  if (!source.IsSame(&reference.srs)) {
    const std::unique_ptr<OGRCoordinateTransformation> transformation(
        OGRCreateCoordinateTransformation(&source, &reference.srs));
    if (transformation == nullptr ||
        !transformation->TransformBounds(box.min_x, box.min_y, box.max_x,
                                         box.max_y, &box.min_x, &box.min_y,
                                         &box.max_x, &box.max_y, 21) ||
        !std::isfinite(box.min_x + box.min_y + box.max_x + box.max_y)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "bbox ", ToString({bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y}),
          " cannot be expressed in the CRS of the scene: ", errors.text()));
    }
  }
  if (!geographic) return box;
  // A geographic raster may count its longitudes from -180 or from 0.
  if (box.min_x > box.max_x) box.max_x += 360;
  for (const double turn : {0.0, -360.0, 360.0}) {
    const Box shifted{box.min_x + turn, box.min_y, box.max_x + turn, box.max_y};
    if (Overlap(shifted, extent)) return shifted;
  }
  return box;
}

absl::Status Crop(const Bbox& bbox, const OpenRaster& reference, Grid& grid) {
  if (!reference.has_srs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("bbox is given, but ", DisplayName(reference.location),
                     " has no coordinate reference system"));
  }
  const Box extent = Extent(grid);
  PB_ASSIGN_OR_RETURN(const Box box, Project(bbox, reference, extent));
  const absl::Status apart = absl::InvalidArgumentError(absl::StrCat(
      "bbox ", ToString(box), " does not overlap the scene ", ToString(extent),
      " (both in ", reference.srs.GetName(), ")"));
  if (!Overlap(box, extent)) return apart;
  const auto& g = grid.geotransform;
  const double determinant = g[1] * g[5] - g[2] * g[4];
  double min_col = HUGE_VAL, min_row = HUGE_VAL;
  double max_col = -HUGE_VAL, max_row = -HUGE_VAL;
  for (const double x : {box.min_x, box.max_x}) {
    for (const double y : {box.min_y, box.max_y}) {
      const double dx = x - g[0], dy = y - g[3];
      const double col = (dx * g[5] - dy * g[2]) / determinant;
      const double row = (dy * g[1] - dx * g[4]) / determinant;
      min_col = std::min(min_col, col);
      max_col = std::max(max_col, col);
      min_row = std::min(min_row, row);
      max_row = std::max(max_row, row);
    }
  }
  const auto low = [](double v, int64_t size) {
    return static_cast<int64_t>(
        std::clamp(std::floor(v + kSnap), 0.0, static_cast<double>(size)));
  };
  const auto high = [](double v, int64_t size) {
    return static_cast<int64_t>(
        std::clamp(std::ceil(v - kSnap), 0.0, static_cast<double>(size)));
  };
  const int64_t col = low(min_col, grid.width), row = low(min_row, grid.height);
  const int64_t width = high(max_col, grid.width) - col;
  const int64_t height = high(max_row, grid.height) - row;
  if (width <= 0 || height <= 0) return apart;
  grid.geotransform[0] +=
      static_cast<double>(col) * g[1] + static_cast<double>(row) * g[2];
  grid.geotransform[3] +=
      static_cast<double>(col) * g[4] + static_cast<double>(row) * g[5];
  grid.width = width;
  grid.height = height;
  return absl::OkStatus();
}

int64_t Divided(int64_t pixels, double by) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(
                                  static_cast<double>(pixels) / by - kSnap)));
}

// Pixels `x` and `y` times as large.
void Coarsen(double x, double y, Grid& grid) {
  grid.width = Divided(grid.width, x);
  grid.height = Divided(grid.height, y);
  grid.geotransform[1] *= x;
  grid.geotransform[4] *= x;
  grid.geotransform[2] *= y;
  grid.geotransform[5] *= y;
}

}  // namespace

absl::StatusOr<TargetGrid> MakeTargetGrid(const OpenRaster& reference,
                                          const GridRequest& request) {
  TargetGrid target;
  target.georeferenced = reference.geotransform.has_value();
  target.srs = reference.srs;
  Grid& grid = target.grid;
  grid.width = reference.width();
  grid.height = reference.height();
  if (reference.geotransform) grid.geotransform = *reference.geotransform;
  if (request.decimation < 1 ||
      (request.resolution && request.decimation != 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "decimation ", request.decimation, " is not possible here"));
  }
  if (request.resolution) {
    if (!(*request.resolution > 0) || !std::isfinite(*request.resolution)) {
      return absl::InvalidArgumentError(
          absl::StrCat("resolution ", *request.resolution, " is not above 0"));
    }
    if (!target.georeferenced) {
      return absl::InvalidArgumentError(absl::StrCat(
          "resolution is given, but ", DisplayName(reference.location),
          " has no georeference"));
    }
    const auto& g = grid.geotransform;
    const double x = *request.resolution / std::hypot(g[1], g[4]);
    const double y = *request.resolution / std::hypot(g[2], g[5]);
    if (std::max(grid.width / x, grid.height / y) > 1e9) {
      return absl::InvalidArgumentError(
          absl::StrCat("resolution ", *request.resolution,
                       " makes more than 1e9 columns or "
                       "rows"));
    }
    Coarsen(x, y, grid);
  } else if (request.decimation > 1) {
    Coarsen(request.decimation, request.decimation, grid);
  }
  if (request.bbox) PB_RETURN_IF_ERROR(Crop(*request.bbox, reference, grid));
  if (grid.width > request.max_pixels / grid.height) {
    return absl::InvalidArgumentError(
        absl::StrCat("the scene has ", grid.width, " x ", grid.height,
                     " pixels, more than ", request.max_pixels));
  }
  SetPlace(reference.srs, grid);
  return target;
}

}  // namespace pushbroom
