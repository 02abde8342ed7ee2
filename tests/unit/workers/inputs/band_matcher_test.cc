#include "workers/inputs/band_matcher.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/inputs/model_bands.h"
#include "workers/inputs/missing_bands.h"

namespace pushbroom {
namespace {

using testing::Band;
using testing::Bands;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

SourceBand Source(int number, std::string name, std::string common_name = "") {
  SourceBand band;
  band.number = number;
  band.name = std::move(name);
  band.common_name = std::move(common_name);
  return band;
}

SourceScene SceneOf(std::vector<SourceBand> bands) {
  SourceScene scene;
  scene.is_item = true;
  scene.label = "item \"i\"";
  SourceAsset asset;
  asset.key = "data";
  asset.described = true;
  asset.bands = std::move(bands);
  scene.assets.push_back(std::move(asset));
  return scene;
}

SourceScene Raster(const std::vector<std::string>& names,
                   const std::vector<std::string>& colors = {}) {
  RasterInfo info;
  for (size_t i = 0; i < names.size(); ++i) {
    RasterBandInfo band;
    band.description = names[i];
    band.color_interpretation = i < colors.size() ? colors[i] : "undefined";
    info.bands.push_back(band);
  }
  return BareRaster("/data/a.tif", "/data/a.tif", info);
}

TEST(BandMatcherTest, PrefersExactNames) {
  const SourceScene scene =
      SceneOf({Source(1, "RED"), Source(2, "red"), Source(3, "x", "red")});
  const auto matches = MatchBands(Bands({"red"}), scene);
  ASSERT_TRUE(matches[0]);
  EXPECT_EQ(matches[0]->band.number, 2);
  EXPECT_EQ(matches[0]->kind, MatchKind::kName);
}

TEST(BandMatcherTest, CutsDescriptionsOffNames) {
  const auto matches =
      MatchBands(Bands({"B04"}), SceneOf({Source(1, "B04 - red")}));
  ASSERT_TRUE(matches[0]);
  EXPECT_EQ(matches[0]->kind, MatchKind::kHead);
}

TEST(BandMatcherTest, ASharedCommonNameMatchesNothing) {
  const SourceScene scene =
      SceneOf({Source(1, "B05", "rededge"), Source(2, "B06", "rededge"),
               Source(3, "B07", "rededge")});
  EXPECT_FALSE(MatchBands({Band("re", "rededge")}, scene)[0]);
  const auto matches = MatchBands({Band("B06", "rededge")}, scene);
  ASSERT_TRUE(matches[0]);
  EXPECT_EQ(matches[0]->band.number, 2);
}

TEST(BandMatcherTest, NumbersOfAnotherSensorAreOtherBands) {
  SourceScene landsat =
      SceneOf({Source(1, "B5"), Source(2, "B4"), Source(3, "B8")});
  landsat.sensor = Sensor::kLandsatOli;
  const auto matches = MatchBands(Bands({"B5", "B8A", "B12"}), landsat);
  EXPECT_FALSE(matches[0]) << "Sentinel-2's B5 is red edge";
}

TEST(BandMatcherTest, OneBandDoesNotStandForTwo) {
  SourceScene landsat = SceneOf({Source(1, "B5", "nir08")});
  landsat.sensor = Sensor::kLandsatOli;
  const auto matches = MatchBands(Bands({"nir08", "nir"}), landsat);
  EXPECT_TRUE(matches[0]);
  EXPECT_FALSE(matches[1]);
}

TEST(BandMatcherTest, RastersMatchByDescriptionAndByColour) {
  const auto named = MatchBands(Bands({"B04", "B8A"}), Raster({"B8A", "B04"}));
  ASSERT_TRUE(named[0] && named[1]);
  EXPECT_EQ(named[0]->band.number, 2);
  const auto colored =
      MatchBands({Band("r", "red"), Band("green"), Band("blue")},
                 Raster({"", "", ""}, {"red", "green", "blue"}));
  ASSERT_TRUE(colored[0] && colored[1] && colored[2]);
  EXPECT_EQ(colored[2]->band.number, 3);
}

TEST(BandMatcherTest, PositionCountsOnlyForOneOfOne) {
  const auto six = MatchBands(Bands({"a", "b"}), Raster({"", ""}));
  EXPECT_FALSE(six[0] || six[1]);
  const auto one = MatchBands(Bands({"dem"}), Raster({""}));
  ASSERT_TRUE(one[0]);
  EXPECT_EQ(one[0]->kind, MatchKind::kOnly);
  EXPECT_FALSE(MatchBands(Bands({"dem"}), Raster({"slope"}))[0])
      << "the names disagree";
}

TEST(BandMatcherTest, TheClientHasTheLastWord) {
  const SourceScene raster = Raster({"", "", ""});
  const auto wanted = Bands({"B01", "B8A"});
  auto matches = MatchBands(wanted, raster);
  ASSERT_OK(ApplyBindings({{"b8a", {"", 3}}, {"B01", {"", 1}}}, wanted, raster,
                          matches));
  EXPECT_EQ(matches[1]->band.number, 3);
  EXPECT_EQ(matches[1]->kind, MatchKind::kExplicit);
}

TEST(BandMatcherTest, BindingsAreHeldAgainstModelAndScene) {
  const SourceScene raster = Raster({"", ""});
  const auto wanted = Bands({"B01"});
  auto matches = MatchBands(wanted, raster);
  absl::Status status =
      ApplyBindings({{"B77", {"", 1}}}, wanted, raster, matches);
  EXPECT_STATUS(status, kInvalid, "has no band \"B77\"; it reads B01");
  EXPECT_EQ(PointerOf(status), "/inputs/bands/B77");
  EXPECT_STATUS(ApplyBindings({{"B01", {"red", 1}}}, wanted, raster, matches),
                kInvalid, "is a raster and has no asset");
  const SourceScene item = SceneOf({Source(1, "x")});
  EXPECT_STATUS(ApplyBindings({{"B01", {"red", 1}}}, wanted, item, matches),
                kInvalid, "has no asset \"red\": data");
}

TEST(BandMatcherTest, AllThatIsMissingIsNamed) {
  const auto wanted = Bands({"red", "nir", "swir16"});
  const SourceScene scene = SceneOf({Source(1, "B04", "red"), Source(2, "x")});
  const absl::Status status =
      CheckAllFound(wanted, scene, MatchBands(wanted, scene));
  EXPECT_STATUS(status, kInvalid, "lacks the bands nir, swir16 of the model");
  EXPECT_STATUS(status, kInvalid, "it offers data: B04 (red) x");
  const SourceScene raster = Raster({"", "", ""});
  EXPECT_STATUS(CheckAllFound(wanted, raster, MatchBands(wanted, raster)),
                kInvalid,
                "the 3 bands of raster /data/a.tif have no names, and are not "
                "taken by position");
}

}  // namespace
}  // namespace pushbroom
