#include "workers/raster/footprint.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "workers/raster/gdal_errors.h"

namespace pushbroom {
namespace {

struct Point {
  double x = 0, y = 0;
};
using Ring = std::vector<Point>;

constexpr double kEarthRadius = 6378137;
constexpr double kPi = 3.14159265358979323846;

Ring Outline(const Grid& grid, int segments) {
  // Upper left, down, right, up: counter-clockwise for a north-up grid.
  const double w = static_cast<double>(grid.width);
  const double h = static_cast<double>(grid.height);
  const Point corners[] = {{0, 0}, {0, h}, {w, h}, {w, 0}, {0, 0}};
  const auto& g = grid.geotransform;
  Ring ring;
  for (int side = 0; side < 4; ++side) {
    for (int i = 0; i < segments; ++i) {
      const double t = static_cast<double>(i) / segments;
      const double col =
          corners[side].x + t * (corners[side + 1].x - corners[side].x);
      const double row =
          corners[side].y + t * (corners[side + 1].y - corners[side].y);
      ring.push_back(
          {g[0] + col * g[1] + row * g[2], g[3] + col * g[4] + row * g[5]});
    }
  }
  return ring;
}

double SignedArea(const Ring& ring) {
  double sum = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const Point& a = ring[i];
    const Point& b = ring[(i + 1) % ring.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return sum / 2;
}

// The part of `ring` on one side of the meridian `x` (Sutherland–Hodgman).
Ring Clip(const Ring& ring, double x, bool keep_west) {
  Ring out;
  const auto inside = [&](const Point& p) {
    return keep_west ? p.x <= x : p.x >= x;
  };
  for (size_t i = 0; i < ring.size(); ++i) {
    const Point& a = ring[i];
    const Point& b = ring[(i + 1) % ring.size()];
    if (inside(a)) out.push_back(a);
    if (inside(a) != inside(b)) {
      const double t = (x - a.x) / (b.x - a.x);
      out.push_back({x, a.y + t * (b.y - a.y)});
    }
  }
  return out;
}

double Rounded(double degrees) { return std::round(degrees * 1e7) / 1e7; }

Json Coordinates(Ring ring, double shift) {
  if (SignedArea(ring) < 0) std::reverse(ring.begin(), ring.end());
  Json out = Json::array();
  for (const Point& p : ring) {
    out.push_back(Json::array({Rounded(p.x + shift), Rounded(p.y)}));
  }
  if (!out.empty()) {
    const Json first = out.front();
    out.push_back(first);
  }
  return Json::array({std::move(out)});
}

// Makes neighbours differ by less than half a turn. Gives the turns that are
// left at the end: not zero around a pole.
double Unwrap(Ring& ring) {
  double shift = 0;
  double previous = ring[0].x;
  for (Point& p : ring) {
    while (p.x + shift - previous > 180) shift -= 360;
    while (p.x + shift - previous < -180) shift += 360;
    p.x += shift;
    previous = p.x;
  }
  return std::round((ring.back().x - ring.front().x) / 360);
}

void SetBox(const Ring& ring, Grid& grid) {
  double west = ring[0].x, east = west, south = ring[0].y, north = south;
  for (const Point& p : ring) {
    west = std::min(west, p.x);
    east = std::max(east, p.x);
    south = std::min(south, p.y);
    north = std::max(north, p.y);
  }
  const double turn = std::floor((west + 180) / 360) * 360;
  west -= turn;
  east -= turn;
  if (east - west >= 360) {
    west = -180;
    east = 180;
  }
  const bool crosses = east > 180;
  grid.bbox = {Rounded(west), Rounded(south),
               Rounded(crosses ? east - 360 : east), Rounded(north)};
  if (crosses) {
    const Json a = Coordinates(Clip(ring, 180 + turn, true), -turn);
    const Json b = Coordinates(Clip(ring, 180 + turn, false), -turn - 360);
    grid.geometry = {{"type", "MultiPolygon"},
                     {"coordinates", Json::array({a, b})}};
    return;
  }
  grid.geometry = {{"type", "Polygon"},
                   {"coordinates", Coordinates(ring, -turn)}};
}

void SetPolarBox(const Ring& ring, Grid& grid) {
  double south = 90, north = -90;
  for (const Point& p : ring) {
    south = std::min(south, p.y);
    north = std::max(north, p.y);
  }
  (south + north > 0 ? north : south) = south + north > 0 ? 90 : -90;
  SetBox({{-180, north}, {-180, south}, {180, south}, {180, north}}, grid);
}

}  // namespace

void SetPlace(const OGRSpatialReference& srs, Grid& grid) {
  grid.geometry = nullptr;
  grid.bbox.clear();
  grid.crs_wkt.clear();
  grid.epsg = 0;
  if (srs.IsEmpty()) return;
  GdalErrors errors;
  const char* const options[] = {"FORMAT=WKT2_2019", nullptr};
  char* wkt = nullptr;
  if (srs.exportToWkt(&wkt, options) == OGRERR_NONE) grid.crs_wkt = wkt;
  CPLFree(wkt);
  OGRSpatialReference identified(srs);
  identified.AutoIdentifyEPSG();
  const char* authority = identified.GetAuthorityName(nullptr);
  const char* code = identified.GetAuthorityCode(nullptr);
  if (authority && code && EQUAL(authority, "EPSG")) grid.epsg = atoi(code);

  OGRSpatialReference crs84;
  crs84.SetWellKnownGeogCS("WGS84");
  crs84.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  const std::unique_ptr<OGRCoordinateTransformation> to_crs84(
      OGRCreateCoordinateTransformation(&srs, &crs84));
  if (to_crs84 == nullptr) return;
  Ring ring = Outline(grid, srs.IsGeographic() ? 1 : 20);
  for (Point& p : ring) {
    if (!to_crs84->Transform(1, &p.x, &p.y) || !std::isfinite(p.x) ||
        !std::isfinite(p.y)) {
      return;
    }
    p.y = std::clamp(p.y, -90.0, 90.0);
  }
  if (srs.IsGeographic()) {
    // Its sides may be longer than half a turn and are straight: nothing to
    // unwrap, but proj wraps into [-180, 180].
    Ring straight = Outline(grid, 1);
    for (size_t i = 0; i < ring.size(); ++i) {
      ring[i].x =
          straight[i].x + std::remainder(ring[i].x - straight[i].x, 360);
    }
    SetBox(ring, grid);
    return;
  }
  ring.push_back(ring.front());
  const double turns = Unwrap(ring);
  ring.pop_back();
  if (turns != 0) {
    SetPolarBox(ring, grid);
  } else {
    SetBox(ring, grid);
  }
}

std::optional<double> PixelSizeMetres(const OGRSpatialReference& srs,
                                      const Grid& grid) {
  if (srs.IsEmpty()) return std::nullopt;
  const auto& g = grid.geotransform;
  double x = std::hypot(g[1], g[4]), y = std::hypot(g[2], g[5]);
  if (srs.IsGeographic()) {
    const double unit = srs.GetAngularUnits();
    const double latitude = (g[3] + g[4] * static_cast<double>(grid.width) / 2 +
                             g[5] * static_cast<double>(grid.height) / 2) *
                            unit;
    x *=
        unit * kEarthRadius * std::cos(std::clamp(latitude, -kPi / 2, kPi / 2));
    y *= unit * kEarthRadius;
  } else if (srs.IsProjected()) {
    x *= srs.GetLinearUnits();
    y *= srs.GetLinearUnits();
  } else {
    return std::nullopt;
  }
  return (x + y) / 2;
}

}  // namespace pushbroom
