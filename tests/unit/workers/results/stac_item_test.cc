#include "workers/results/stac_item.h"

#include <cstdlib>
#include <fstream>

#include "schemas/job_result.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

ItemFacts CloudMask() {
  ItemFacts facts;
  facts.id = "scene-clouds";
  facts.collection = "pushbroom-results";
  facts.model.id = "cloud-mask";
  facts.model.item_id = "cloud-unet";
  facts.model.name = "Cloud U-Net";
  facts.model.title = "Cloud mask";
  facts.model.version = "1.0.0";
  facts.model.license = "Apache-2.0";
  facts.model.artifact.sha256 = std::string(64, 'a');
  facts.model_digest = std::string(64, 'd');
  facts.model_href = "https://models.example/cloud-unet.json";
  facts.model_href_type = "application/geo+json";

  BandSource blue;
  blue.asset_key = "B02";
  blue.name = "blue";
  blue.scale = 0.0001;
  facts.scene.bands = {blue};
  facts.scene.sources = {
      {"https://data.example/S2.json?sig=secret", "S2", "sentinel-2-l2a", ""}};
  facts.scene.datetime = "2024-05-06T10:20:30Z";
  facts.scene.platform = "sentinel-2b";
  facts.scene.radiometry =
      Json::array({{{"band", "blue"}, {"scale", 0.0001}, {"offset", 0}}});

  facts.grid.width = 300;
  facts.grid.height = 200;
  facts.grid.geotransform = {500000, 10, 0, 4100000, 0, -10};
  facts.grid.epsg = 32631;
  facts.grid.crs_wkt =
      "PROJCRS[\"WGS 84 / UTM zone 31N\",BASEGEOGCRS[\"WGS 84\",ELLIPSOID["
      "\"WGS 84\",6378137,298.257223563,LENGTHUNIT[\"metre\",1]]],"
      "CS[Cartesian,2],AXIS[\"easting\",east],LENGTHUNIT[\"metre\",1]]";
  facts.grid.geometry = {
      {"type", "Polygon"},
      {"coordinates", Json::array({Json::array({{3.0, 37.0},
                                                {3.03, 37.0},
                                                {3.03, 37.02},
                                                {3.0, 37.02},
                                                {3.0, 37.0}})})}};
  facts.grid.bbox = {3.0, 37.0, 3.03, 37.02};

  facts.classes.classes = {
      {0, "clear", "", "", {0, 0, 0}},
      {1, "cloud", "Cloud", "Opaque cloud", {255, 255, 255}}};
  facts.classes.channel_values = {0, 1};
  facts.report.tiles_planned = 4;
  facts.report.tiles_run = 3;
  facts.report.tiles_skipped = 1;
  facts.report.valid_pixels = 40000;
  facts.report.class_pixels[0] = 30000;
  facts.report.class_pixels[1] = 10000;
  facts.report.class_pixels[255] = 20000;
  facts.report.input = {{12, 9000, 1500.5, 40000}};
  facts.parameters.tile = 256;
  facts.parameters.overlap = 64;
  facts.parameters.batch_size = 8;
  facts.parameters.device = "cpu";
  facts.assets = {
      {kClassesOutput, "results/j/t/classes.tif", 1234, std::string(64, 'b')},
      {kProbabilitiesOutput, "results/j/t/probabilities.tif", 9876,
       std::string(64, 'c')}};
  facts.software = {
      {"pushbroom", "0.1.0"}, {"libtorch", "1.13.1"}, {"gdal", "3.6.2"}};
  facts.processed = absl::FromUnixSeconds(1'800'000'000);
  facts.seconds = 2.5;
  facts.job_id = "11111111-2222-4333-8444-555555555555";
  facts.job_url = "https://api.example/jobs/" + facts.job_id;
  facts.warnings = {"the item does not say how it was scaled"};
  return facts;
}

TEST(StacItemTest, IsAsTheGoldenFileSays) {
  const std::string path = testing::SourcePath("tests/golden/stac/item.json");
  const std::string text = DumpJson(StacItemFor(CloudMask()), 2) + "\n";
  if (std::getenv("PUSHBROOM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
  }
  ASSERT_OK_AND_ASSIGN(const std::string golden, ReadFile(path));
  EXPECT_EQ(text, golden);
}

TEST(StacItemTest, ListsTheExtensionsItUsesAndNeverMlm) {
  const Json item = StacItemFor(CloudMask());
  for (const Json& uri : item["stac_extensions"]) {
    EXPECT_THAT(uri.get<std::string>(), Not(HasSubstr("/mlm/")));
  }
  EXPECT_EQ(item["stac_extensions"].size(), 4u);
}

TEST(StacItemTest, PublishesNoCredentials) {
  EXPECT_THAT(DumpJson(StacItemFor(CloudMask())), Not(HasSubstr("secret")));
}

TEST(StacItemTest, HasNoGeometryWithoutACrsAndSaysSo) {
  ItemFacts facts = CloudMask();
  facts.grid.crs_wkt.clear();
  facts.grid.epsg = 0;
  facts.grid.geometry = nullptr;
  facts.grid.bbox.clear();
  const Json item = StacItemFor(facts);
  EXPECT_TRUE(item["geometry"].is_null());
  EXPECT_FALSE(item.contains("bbox"));
  EXPECT_FALSE(item["properties"].contains("gsd"));
  EXPECT_TRUE(item["properties"]["proj:code"].is_null());
  EXPECT_THAT(DumpJson(item["properties"]["pushbroom:warnings"]),
              HasSubstr("no CRS"));
}

TEST(StacItemTest, TakesAnIntervalWhereTheSceneHasOne) {
  ItemFacts facts = CloudMask();
  facts.scene.datetime.clear();
  facts.scene.start_datetime = "2024-05-01T00:00:00Z";
  facts.scene.end_datetime = "2024-05-31T00:00:00Z";
  const Json properties = StacItemFor(facts)["properties"];
  EXPECT_TRUE(properties["datetime"].is_null());
  EXPECT_EQ(properties["start_datetime"], "2024-05-01T00:00:00Z");
}

TEST(StacItemTest, SaysWhenTheDateIsThatOfProcessing) {
  ItemFacts facts = CloudMask();
  facts.scene.datetime.clear();
  const Json properties = StacItemFor(facts)["properties"];
  EXPECT_EQ(properties["datetime"], properties["processing:datetime"]);
  EXPECT_THAT(DumpJson(properties["pushbroom:warnings"]), HasSubstr("no date"));
}

TEST(StacItemTest, GivesTheThresholdOfOneChannelModels) {
  ItemFacts facts = CloudMask();
  facts.parameters.threshold = 0.4;
  const Json item = StacItemFor(facts);
  EXPECT_EQ(item["properties"]["pushbroom:parameters"]["threshold"], 0.4);
  ASSERT_EQ(item["assets"]["probabilities"]["bands"].size(), 1u);
  EXPECT_EQ(item["assets"]["probabilities"]["bands"][0]["name"], "cloud");
}

TEST(ClassSharesTest, AreOfValidPixels) {
  const ItemFacts facts = CloudMask();
  const auto shares = ClassShares(facts.classes, facts.report);
  EXPECT_EQ(shares.at("clear"), 0.75);
  EXPECT_EQ(shares.at("cloud"), 0.25);
}

TEST(ClassSharesTest, AreEmptyWithoutValidPixels) {
  EXPECT_TRUE(ClassShares(CloudMask().classes, PipelineReport()).empty());
}

}  // namespace
}  // namespace pushbroom
