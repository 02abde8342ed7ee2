#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/unit/workers/inputs/model_bands.h"
#include "workers/inputs/band_matcher.h"
#include "workers/inputs/source_scene.h"

namespace pushbroom {
namespace {

using testing::Band;
using testing::Bands;
using testing::DataPath;
using ::testing::Optional;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

SourceScene RealItem(const std::string& name) {
  const std::string path = DataPath(name);
  auto json = ParseJsonFile(path);
  EXPECT_OK(json);
  auto scene = ReadStacItem(*json, path);
  EXPECT_OK(scene);
  return *std::move(scene);
}

const SourceAsset* AssetNamed(const SourceScene& scene,
                              const std::string& key) {
  for (const SourceAsset& asset : scene.assets) {
    if (asset.key == key) return &asset;
  }
  return nullptr;
}

std::vector<std::string> KeysFor(const std::vector<ModelBand>& bands,
                                 const SourceScene& scene) {
  std::vector<std::string> keys;
  for (const auto& match : MatchBands(bands, scene)) {
    keys.push_back(match ? scene.assets[match->asset].key : "-");
  }
  return keys;
}

TEST(StacItemTest, ReadsPlanetaryComputersSentinel2) {
  const SourceScene scene = RealItem(
      "stac_items/S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531.json");
  EXPECT_EQ(scene.sensor, Sensor::kSentinel2);
  EXPECT_EQ(scene.platform, "Sentinel-2B");
  EXPECT_EQ(scene.datetime, "2019-06-29T21:25:29.024Z");
  EXPECT_THAT(KeysFor({Band("B04"), Band("nir"), Band("B8A"), Band("swir16"),
                       Band("x", "blue")},
                      scene),
              ::testing::ElementsAre("B04", "B08", "B8A", "B11", "B02"));
}

TEST(StacItemTest, ReadsEarthSearchItemsWithoutBandMetadata) {
  const SourceScene scene =
      RealItem("stac_items/S2A_28QCH_20200714_0_L2A.json");
  EXPECT_THAT(KeysFor(Bands({"B02", "B04", "B11", "B8A", "red"}), scene),
              ::testing::ElementsAre("B02", "B04", "B11", "B8A", "-"))
      << "the red band of the scene is B04 already";
  EXPECT_THAT(KeysFor(Bands({"B04", "nir"}), scene),
              ::testing::ElementsAre("B04", "B08"));
  EXPECT_EQ(AssetNamed(scene, "thumbnail")->for_matching, false);
}

TEST(StacItemTest, ReadsScaleOffsetAndNodata) {
  const SourceScene scene = RealItem("stac_items/expected_output.json");
  const auto matches = MatchBands(Bands({"B04"}), scene);
  ASSERT_TRUE(matches[0]);
  EXPECT_THAT(matches[0]->band.scale, Optional(0.0001));
  EXPECT_THAT(matches[0]->band.offset, Optional(-0.1));
  EXPECT_THAT(matches[0]->band.nodata, Optional(0.0));
  EXPECT_EQ(scene.assets[matches[0]->asset].gsd, 10)
      << "of several resolutions the finest";
}

TEST(StacItemTest, ReadsStac11BandsInOneAsset) {
  const SourceScene scene = RealItem("stac_items/item.json");
  const auto matches = MatchBands(Bands({"green", "blue"}), scene);
  ASSERT_TRUE(matches[0] && matches[1]);
  EXPECT_EQ(scene.assets[matches[0]->asset].key, "analytic")
      << "not the picture for the eye";
  EXPECT_EQ(matches[0]->band.number, 2);
  EXPECT_EQ(matches[1]->band.number, 1);
}

TEST(StacItemTest, ReadsLandsatOfBothGenerations) {
  const SourceScene new_one =
      RealItem("stac_items/LC08_L2SP_028030_20200114_20200824_02_T1_SR.json");
  EXPECT_EQ(new_one.sensor, Sensor::kLandsatOli);
  EXPECT_THAT(
      KeysFor(Bands({"blue", "red", "nir", "swir16", "swir22"}), new_one),
      ::testing::ElementsAre("blue", "red", "nir08", "swir16", "swir22"));
  // STAC 0.7: eo:bands of assets are indices into the item's list.
  const SourceScene old_one = RealItem(
      "landsat_c2_l2_005009/"
      "LC08_L2SP_005009_20150710_20200908_02_T2_SR_stac.json");
  EXPECT_EQ(old_one.datetime, "2015-07-10T00:00:00Z");
  EXPECT_EQ(old_one.platform, "LANDSAT_8");
  EXPECT_THAT(KeysFor(Bands({"blue", "nir", "B4"}), old_one),
              ::testing::ElementsAre("SR_B2.TIF", "SR_B5.TIF", "SR_B4.TIF"));
}

TEST(StacItemTest, ReadsItemCollectionsOfOne) {
  const std::string path = DataPath("stac_items/search_queried.json");
  ASSERT_OK_AND_ASSIGN(Json json, ParseJsonFile(path));
  Json one = json;
  one["features"] = Json::array({json["features"][0]});
  ASSERT_OK_AND_ASSIGN(SourceScene scene, ReadStacItem(one, path));
  EXPECT_EQ(scene.start_datetime, "2023-01-01T00:00:00Z");
  EXPECT_EQ(scene.end_datetime, "2023-03-31T23:59:59Z");
  one["features"].push_back(json["features"][0]);
  EXPECT_STATUS(ReadStacItem(one, path), kInvalid, "name one of them");
}

TEST(StacItemTest, SaysWhatIsNoItem) {
  EXPECT_STATUS(ReadStacItem(Json{{"type", "Collection"}}, ""), kInvalid,
                "a STAC Collection, not a STAC Item");
  EXPECT_STATUS(ReadStacItem(Json{{"type", "Feature"}}, ""), kInvalid,
                "without assets");
  EXPECT_STATUS(ReadStacItem(Json::array(), ""), kInvalid, "not a STAC Item");
}

Json Item(Json assets, Json properties = Json::object()) {
  return {{"type", "Feature"},
          {"id", "scene-1"},
          {"properties", std::move(properties)},
          {"assets", std::move(assets)}};
}

TEST(StacItemTest, FactsAreHoistedFromBandToAsset) {
  ASSERT_OK_AND_ASSIGN(
      SourceScene scene,
      ReadStacItem(
          Item({{"data",
                 {{"href", "/d.tif"},
                  {"nodata", "nan"},
                  {"raster:scale", 0.01},
                  {"bands",
                   {{{"name", "a"}},
                    {{"name", "b"}, {"nodata", 7}, {"raster:scale", 2}}}}}}}),
          ""));
  const auto& bands = scene.assets[0].bands;
  ASSERT_EQ(bands.size(), 2U);
  EXPECT_TRUE(std::isnan(*bands[0].nodata));
  EXPECT_EQ(bands[0].scale, 0.01);
  EXPECT_EQ(bands[1].nodata, 7);
  EXPECT_EQ(bands[1].scale, 2);
}

TEST(StacItemTest, EoAndRasterBandsAreJoinedByIndex) {
  ASSERT_OK_AND_ASSIGN(
      SourceScene scene,
      ReadStacItem(
          Item({{"data",
                 {{"href", "/d.tif"},
                  {"eo:bands",
                   {{{"name", "a"}, {"common_name", "red"}}, {{"name", "b"}}}},
                  {"raster:bands", {{{"scale", 0.1}}, {{"scale", 0.2}}}}}}}),
          ""));
  const auto& bands = scene.assets[0].bands;
  ASSERT_EQ(bands.size(), 2U);
  EXPECT_EQ(bands[0].common_name, "red");
  EXPECT_EQ(bands[1].scale, 0.2);
}

TEST(StacItemTest, MasksAreCategorical) {
  ASSERT_OK_AND_ASSIGN(
      SourceScene scene,
      ReadStacItem(Item({{"scl",
                          {{"href", "/scl.tif"},
                           {"bands",
                            {{{"name", "scl"},
                              {"classification:classes", Json::array()}}}}}}}),
                   ""));
  EXPECT_TRUE(scene.assets[0].bands[0].categorical);
}

TEST(StacItemTest, ByValueTheSelfLinkIsItsPlace) {
  Json item = Item({{"red", {{"href", "./red.tif"}}}});
  EXPECT_STATUS(ReadStacItem(item, ""), kInvalid,
                "asset \"red\": \"./red.tif\" is relative");
  item["links"] = Json::array(
      {{{"rel", "self"}, {"href", "https://example.org/items/a.json"}}});
  ASSERT_OK_AND_ASSIGN(SourceScene scene, ReadStacItem(item, ""));
  EXPECT_EQ(scene.assets[0].href, "https://example.org/items/red.tif");
}

}  // namespace
}  // namespace pushbroom
