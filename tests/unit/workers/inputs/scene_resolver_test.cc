#include "workers/inputs/scene_resolver.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_http_server.h"
#include "tests/unit/workers/inputs/model_bands.h"
#include "workers/raster/gated_vsi.h"
#include "workers/raster/raster_info.h"
#include "workers/raster/scene_reader.h"

namespace pushbroom {
namespace {

using testing::Band;
using testing::Bands;
using testing::DataPath;
using testing::SentinelBands;
using testing::TinyHttpServer;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kSentinel[] =
    "s2_l1c_testeopatch/derived/S2_L1C_20150909_13band_uint16.tif";

class SceneResolverTest : public ::testing::Test {
 protected:
  SceneResolverTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "inputs")) {
    UrlPolicyOptions options = testing::OptionsToReach(server_);
    options.file_roots = {DataPath(""), scratch_.path()};
    policy_ = std::make_unique<UrlPolicy>(*UrlPolicy::Create(options));
    client_ = std::make_unique<HttpClient>(*policy_);
    InitRaster();
    InstallGatedVsi(*client_);
    resolver_ =
        std::make_unique<SceneResolver>(ResolverOptions(), *client_, nullptr);
    input_.name = "imagery";
  }

  absl::StatusOr<Scene> ResolveAll() {
    request_.scenes["imagery"] = references_;
    return resolver_->Resolve(input_, references_, request_, CancelToken());
  }
  absl::StatusOr<Scene> Resolve(const std::string& href) {
    references_.resize(1);
    references_[0].href = href;
    return ResolveAll();
  }
  absl::StatusOr<Scene> ResolveItem(Json item) {
    references_.resize(1);
    references_[0].item = std::move(item);
    return ResolveAll();
  }

  // Landsat 8 as separate files, panchromatic among them.
  static Json LandsatItem() {
    Json assets = Json::object();
    const std::pair<const char*, const char*> bands[] = {
        {"B2", "blue"},   {"B3", "green"},  {"B4", "red"}, {"B5", "nir08"},
        {"B6", "swir16"}, {"B7", "swir22"}, {"B8", "pan"}};
    for (const auto& [name, common] : bands) {
      assets[common] = {
          {"href", DataPath(absl::StrCat("landsat8_elkton_va/L8-", name,
                                         "-Elkton-VA.tiff"))},
          {"roles", {"data"}},
          {"bands",
           {{{"name", name},
             {"eo:common_name", common},
             {"nodata", 0},
             {"raster:scale", 2e-05},
             {"raster:offset", -0.1}}}}};
    }
    return {{"type", "Feature"},
            {"id", "landsat-elkton"},
            {"collection", "landsat"},
            {"properties",
             {{"datetime", "2016-07-05T15:49:00Z"}, {"platform", "landsat-8"}}},
            {"assets", assets}};
  }

  TinyHttpServer server_;
  ScratchDirectory scratch_;
  std::unique_ptr<UrlPolicy> policy_;
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<SceneResolver> resolver_;
  ModelInput input_;
  ExecuteRequest request_;
  std::vector<SceneReference> references_;
};

TEST_F(SceneResolverTest, MatchesARasterByItsDescriptions) {
  input_.bands = SentinelBands();
  ASSERT_OK_AND_ASSIGN(Scene scene, Resolve(DataPath(kSentinel)));
  ASSERT_EQ(scene.bands.size(), 13U);
  EXPECT_EQ(scene.bands[8].band, 9);
  EXPECT_EQ(scene.bands[8].name, "B8A");
  EXPECT_EQ(scene.bands[0].location,
            std::filesystem::canonical(DataPath(kSentinel)).string());
  EXPECT_EQ(scene.sources[0].href, DataPath(kSentinel));
  EXPECT_EQ(scene.radiometry[0]["origin"], "stored");
  EXPECT_EQ(scene.decimation, 1);
}

TEST_F(SceneResolverTest, EurosatNeedsAMappingAndGetsItRight) {
  input_.bands = SentinelBands();
  const std::string tile = DataPath("eurosat/Forest_1.tif");
  const auto refused = Resolve(tile);
  EXPECT_STATUS(refused, kInvalid, "have no names");
  EXPECT_STATUS(refused, kInvalid, "input \"bands\"");
  EXPECT_STATUS(refused, kInvalid, "B8A");
  EXPECT_EQ(PointerOf(refused.status()), "/inputs/imagery");

  // Its bands are in the order of the numbers, B8A last.
  const std::vector<std::string> order = {"B01", "B02", "B03", "B04", "B05",
                                          "B06", "B07", "B08", "B09", "B10",
                                          "B11", "B12", "B8A"};
  for (size_t i = 0; i < order.size(); ++i) {
    request_.bands[order[i]] = {"", static_cast<int>(i) + 1};
  }
  ASSERT_OK_AND_ASSIGN(Scene scene, Resolve(tile));
  EXPECT_EQ(scene.bands[8].band, 13);
  EXPECT_EQ(scene.bands[9].band, 9);
  EXPECT_EQ(scene.bands[12].band, 12);
}

TEST_F(SceneResolverTest, AMappingBeyondTheRasterIsAnError) {
  input_.bands = Bands({"B01"});
  request_.bands["B01"] = {"", 14};
  const auto result = Resolve(DataPath("eurosat/Forest_1.tif"));
  EXPECT_STATUS(result, kInvalid, "has no band 14, only 13");
  EXPECT_EQ(PointerOf(result.status()), "/inputs/bands/B01");
}

TEST_F(SceneResolverTest, ChipsAreFoundByColourAndBroughtToTheModelsPixels) {
  for (const char* color : {"red", "green", "blue"}) {
    ModelBand band = Band(color, color);
    band.source_dtype = DataType::kUint8;
    band.gsd = 0.26;
    input_.bands.push_back(band);
  }
  ASSERT_OK_AND_ASSIGN(
      Scene scene, Resolve(DataPath("oam_banepa/OAM-386690-220241-19.tif")));
  EXPECT_EQ(scene.bands[2].band, 3);
  EXPECT_EQ(scene.decimation, 2);
  EXPECT_THAT(scene.warnings,
              ::testing::Contains(::testing::HasSubstr("2 by 2")));
  std::vector<RasterBand> bands;
  for (const BandSource& band : scene.bands) {
    bands.push_back({band.location, band.band, band.nodata, false});
  }
  GridRequest request;
  request.reference = scene.reference;
  request.decimation = scene.decimation;
  ASSERT_OK_AND_ASSIGN(auto reader, SceneReader::Open(bands, request));
  EXPECT_EQ(reader->width(), 256);
}

TEST_F(SceneResolverTest, LandsatItemGivesEveryBandItsFileAndScale) {
  input_.bands = Bands({"blue", "green", "red", "nir", "swir16", "swir22"});
  for (ModelBand& band : input_.bands) {
    band.source_dtype = DataType::kFloat32;
    band.unit = "reflectance";
  }
  ASSERT_OK_AND_ASSIGN(Scene scene, ResolveItem(LandsatItem()));
  EXPECT_THAT(scene.bands[3].location, ::testing::HasSubstr("L8-B5-"));
  EXPECT_EQ(scene.bands[3].asset_key, "nir08");
  EXPECT_EQ(scene.bands[3].scale, 2e-05);
  EXPECT_EQ(scene.bands[3].offset, -0.1);
  EXPECT_EQ(scene.bands[3].nodata, 0);
  EXPECT_EQ(scene.radiometry[3], (Json{{"band", "nir"},
                                       {"scale", 2e-05},
                                       {"offset", -0.1},
                                       {"origin", "item"}}));
  EXPECT_EQ(scene.datetime, "2016-07-05T15:49:00Z");
  EXPECT_EQ(scene.platform, "landsat-8");
  EXPECT_EQ(scene.sources[0].item_id, "landsat-elkton");
  EXPECT_EQ(scene.sources[0].collection, "landsat");
}

TEST_F(SceneResolverTest, TheFinestBandGivesTheGrid) {
  input_.bands = Bands({"red", "pan"});
  ASSERT_OK_AND_ASSIGN(Scene finest, ResolveItem(LandsatItem()));
  EXPECT_EQ(finest.reference, 1);
  input_.bands[0].gsd = 30;
  ASSERT_OK_AND_ASSIGN(Scene nearest, ResolveItem(LandsatItem()));
  EXPECT_EQ(nearest.reference, 0);
}

TEST_F(SceneResolverTest, IntegersWithoutAScaleAreNotFedToAPhysicalModel) {
  input_.bands = SentinelBands();
  for (ModelBand& band : input_.bands) {
    band.source_dtype = DataType::kFloat32;
  }
  const auto result = Resolve(DataPath(kSentinel));
  EXPECT_STATUS(result, kInvalid, "input \"radiometry\"");
  EXPECT_EQ(PointerOf(result.status()), "/inputs/radiometry");
  request_.radiometry_scale = 0.0001;
  ASSERT_OK_AND_ASSIGN(Scene scene, Resolve(DataPath(kSentinel)));
  EXPECT_EQ(scene.bands[5].scale, 0.0001);
  EXPECT_EQ(scene.radiometry[5]["origin"], "request");
}

TEST_F(SceneResolverTest, NaipsInfraredNeedsOneWordAndHasTheRestByColour) {
  input_.bands = Bands({"red", "green", "blue", "nir"});
  const std::string path = DataPath("naip/m_3211605_ne_11_060_20200415.tif");
  EXPECT_STATUS(Resolve(path), kInvalid, "nir");
  request_.bands["nir"] = {"", 4};
  ASSERT_OK_AND_ASSIGN(Scene scene, Resolve(path));
  EXPECT_EQ(scene.bands[0].band, 1);
  EXPECT_EQ(scene.bands[3].band, 4);
}

TEST_F(SceneResolverTest, LinksToItemsAreFollowedOverTheWeb) {
  ASSERT_OK_AND_ASSIGN(
      const std::string bytes,
      ReadFile(DataPath("landsat8_elkton_va/L8-B4-Elkton-VA.tiff")));
  server_.Serve("/items/b4.tif", bytes);
  server_.Serve("/items/a",
                "{\"type\":\"Feature\",\"id\":\"a\",\"properties\":{},"
                "\"assets\":{\"red\":{\"href\":\"./b4.tif\"}}}");
  input_.bands = Bands({"red"});
  ASSERT_OK_AND_ASSIGN(Scene scene, Resolve(server_.Url("/items/a")));
  EXPECT_EQ(scene.bands[0].location,
            "/vsigate/" + server_.Url("/items/b4.tif"));
  EXPECT_EQ(scene.sources[0].self_href, server_.Url("/items/a"));
  EXPECT_LE(server_.CountOf("/items/b4.tif"), 2);
}

TEST_F(SceneResolverTest, AnItemsOwnHrefsPassTheGateToo) {
  input_.bands = Bands({"red"});
  Json item = LandsatItem();
  item["assets"]["red"]["href"] = "http://169.254.169.254/red.tif";
  const auto result = ResolveItem(item);
  EXPECT_STATUS(result, absl::StatusCode::kPermissionDenied, "asset \"red\"");
  EXPECT_EQ(PointerOf(result.status()), "/inputs/imagery");
  item["assets"]["red"]["href"] = "/etc/passwd";
  EXPECT_STATUS(ResolveItem(item), absl::StatusCode::kPermissionDenied, "");
  server_.Serve("/a.json",
                "{\"type\":\"Feature\",\"id\":\"a\",\"properties\":{},"
                "\"assets\":{\"red\":{\"href\":\"file:///etc/passwd\"}}}");
  references_.clear();
  EXPECT_STATUS(Resolve(server_.Url("/a.json")),
                absl::StatusCode::kPermissionDenied, "item from the web");
}

TEST_F(SceneResolverTest, AnAssetThatNothingDescribesIsLookedInto) {
  input_.bands = Bands({"B04", "B8A"});
  const Json item = {{"type", "Feature"},
                     {"id", "x"},
                     {"properties", Json::object()},
                     {"assets", {{"data", {{"href", DataPath(kSentinel)}}}}}};
  ASSERT_OK_AND_ASSIGN(Scene scene, ResolveItem(item));
  EXPECT_EQ(scene.bands[0].band, 4);
  EXPECT_EQ(scene.bands[1].band, 9);
}

TEST_F(SceneResolverTest, AKeyThatStandsForManyBandsIsNoName) {
  input_.bands = Bands({"red"});
  const Json item = {
      {"type", "Feature"},
      {"id", "x"},
      {"properties", Json::object()},
      {"assets", {{"red", {{"href", DataPath("eurosat/Forest_1.tif")}}}}}};
  EXPECT_STATUS(ResolveItem(item), kInvalid, "has 13 bands; say which");
}

TEST_F(SceneResolverTest, SeveralDatesGoToRepeatedBands) {
  input_.bands = Bands({"B04", "B08", "B04", "B08"});
  references_.resize(2);
  references_[0].href = DataPath(kSentinel);
  references_[1].href =
      DataPath("s2_l1c_testeopatch/derived/S2_L1C_20150830_13band_uint16.tif");
  ASSERT_OK_AND_ASSIGN(Scene scene, ResolveAll());
  EXPECT_THAT(scene.bands[1].location, ::testing::HasSubstr("20150909"));
  EXPECT_THAT(scene.bands[2].location, ::testing::HasSubstr("20150830"));
  EXPECT_EQ(scene.sources.size(), 2U);
  references_.resize(1);
  EXPECT_STATUS(ResolveAll(), kInvalid, "need a scene each");
  input_.bands = Bands({"B04"});
  references_.resize(2);
  EXPECT_STATUS(ResolveAll(), absl::StatusCode::kUnimplemented, "mosaic");
}

TEST_F(SceneResolverTest, WhatDoesNotOpenSaysWhy) {
  input_.bands = Bands({"red"});
  EXPECT_STATUS(Resolve(server_.Url("/absent.tif")),
                absl::StatusCode::kNotFound, "404");
  server_.Serve("/text.tif", "not a raster");
  EXPECT_STATUS(Resolve(server_.Url("/text.tif")), kInvalid,
                "not a raster of an allowed format");
  EXPECT_STATUS(Resolve("ftp://example.org/a.tif"),
                absl::StatusCode::kPermissionDenied, "");
  CancelToken cancelled;
  cancelled.Cancel(absl::CancelledError("dismissed"));
  references_[0].href = DataPath(kSentinel);
  const auto result =
      resolver_->Resolve(input_, references_, request_, cancelled);
  EXPECT_STATUS(result, absl::StatusCode::kCancelled, "dismissed");
}

}  // namespace
}  // namespace pushbroom
