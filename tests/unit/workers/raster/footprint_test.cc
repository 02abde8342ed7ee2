#include "workers/raster/footprint.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pushbroom {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

OGRSpatialReference Epsg(int code) {
  OGRSpatialReference srs;
  srs.importFromEPSG(code);
  srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  return srs;
}

Grid GridOf(int64_t width, int64_t height, std::array<double, 6> transform) {
  Grid grid;
  grid.width = width;
  grid.height = height;
  grid.geotransform = transform;
  return grid;
}

double SignedArea(const Json& ring) {
  double sum = 0;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    sum += ring[i][0].get<double>() * ring[i + 1][1].get<double>() -
           ring[i + 1][0].get<double>() * ring[i][1].get<double>();
  }
  return sum / 2;
}

TEST(FootprintTest, UtmSceneIsAPolygonLongitudeFirst) {
  Grid grid = GridOf(100, 100, {500000, 10, 0, 5100000, 0, -10});
  SetPlace(Epsg(32633), grid);
  EXPECT_EQ(grid.epsg, 32633);
  EXPECT_EQ(grid.geometry["type"], "Polygon");
  ASSERT_EQ(grid.bbox.size(), 4U);
  EXPECT_NEAR(grid.bbox[0], 15.0, 1e-3);
  EXPECT_NEAR(grid.bbox[3], 46.05, 1e-1);
  const Json& ring = grid.geometry["coordinates"][0];
  EXPECT_EQ(ring.front(), ring.back());
  EXPECT_GT(SignedArea(ring), 0) << "counter-clockwise, as RFC 7946 wants";
  EXPECT_GT(ring.size(), 20U) << "densified";
  EXPECT_NEAR(*PixelSizeMetres(Epsg(32633), grid), 10, 1e-9);
}

TEST(FootprintTest, CutsAtTheAntimeridian) {
  // Fiji: UTM zone 60 south reaches beyond 180 degrees east.
  Grid grid = GridOf(1000, 100, {700000, 300, 0, 8000000, 0, -300});
  SetPlace(Epsg(32760), grid);
  EXPECT_EQ(grid.geometry["type"], "MultiPolygon");
  ASSERT_EQ(grid.geometry["coordinates"].size(), 2U);
  ASSERT_EQ(grid.bbox.size(), 4U);
  EXPECT_GT(grid.bbox[0], 178);
  EXPECT_LT(grid.bbox[2], -178) << "west is east of east: it crosses";
  for (const Json& polygon : grid.geometry["coordinates"]) {
    for (const Json& point : polygon[0]) {
      EXPECT_LE(std::abs(point[0].get<double>()), 180.0);
    }
  }
}

TEST(FootprintTest, GeographicWorldKeepsItsWidth) {
  Grid grid = GridOf(360, 180, {-180, 1, 0, 90, 0, -1});
  SetPlace(Epsg(4326), grid);
  EXPECT_THAT(grid.bbox, ElementsAre(-180, -90, 180, 90));
  EXPECT_EQ(grid.geometry["type"], "Polygon");
}

TEST(FootprintTest, LongitudesFromZeroAreBroughtHome) {
  Grid grid = GridOf(10, 10, {200, 1, 0, 10, 0, -1});
  SetPlace(Epsg(4326), grid);
  EXPECT_THAT(grid.bbox, ElementsAre(-160, 0, -150, 10));
}

TEST(FootprintTest, AroundAPoleTheWholeCircleIsCovered) {
  Grid grid = GridOf(100, 100, {-1e6, 2e4, 0, 1e6, 0, -2e4});
  SetPlace(Epsg(3413), grid);
  ASSERT_EQ(grid.bbox.size(), 4U);
  EXPECT_THAT(grid.bbox, ElementsAre(-180, DoubleNear(76.9, 1.5), 180, 90));
}

TEST(FootprintTest, WithoutACrsThereIsNoPlace) {
  Grid grid = GridOf(10, 10, {0, 1, 0, 0, 0, 1});
  SetPlace(OGRSpatialReference(), grid);
  EXPECT_TRUE(grid.geometry.is_null());
  EXPECT_TRUE(grid.bbox.empty());
  EXPECT_TRUE(grid.crs_wkt.empty());
  EXPECT_FALSE(PixelSizeMetres(OGRSpatialReference(), grid));
}

}  // namespace
}  // namespace pushbroom
