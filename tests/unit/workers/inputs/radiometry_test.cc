#include "workers/inputs/radiometry.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/inputs/model_bands.h"

namespace pushbroom {
namespace {

using testing::Band;

class RadiometryTest : public ::testing::Test {
 protected:
  RadiometryTest() {
    model_.source_dtype = DataType::kFloat32;
    asset_.key = "red";
    RasterInfo info;
    info.bands.resize(1);
    info.bands[0].data_type = "uint16";
    asset_.info = info;
  }
  absl::StatusOr<Radiometry> Decide() {
    return DecideRadiometry(request_, model_, match_, asset_);
  }
  void Expect(double scale, double offset, const std::string& origin) {
    auto result = Decide();
    ASSERT_OK(result);
    EXPECT_EQ(result->scale, scale);
    EXPECT_EQ(result->offset, offset);
    EXPECT_EQ(result->origin, origin);
  }

  ExecuteRequest request_;
  ModelBand model_ = Band("red");
  BandMatch match_;
  SourceAsset asset_;
};

TEST_F(RadiometryTest, KnowsPhysicalUnitsByDeclaration) {
  ModelBand band = Band("a");
  EXPECT_FALSE(WorksInPhysicalUnits(band)) << "uint16 and nothing else";
  band.unit = "reflectance";
  EXPECT_TRUE(WorksInPhysicalUnits(band));
  band.unit = "DN";
  EXPECT_FALSE(WorksInPhysicalUnits(band));
  band.unit = "";
  band.scale = 0.0001;
  EXPECT_TRUE(WorksInPhysicalUnits(band));
  band.scale.reset();
  band.source_dtype = DataType::kFloat32;
  EXPECT_TRUE(WorksInPhysicalUnits(band));
  band.source_dtype = DataType::kOther;
  EXPECT_FALSE(WorksInPhysicalUnits(band));
}

TEST_F(RadiometryTest, TheItemsScaleIsAppliedForPhysicalUnits) {
  match_.band.scale = 0.0001;
  match_.band.offset = -0.1;
  Expect(0.0001, -0.1, "item");
}

TEST_F(RadiometryTest, TheFilesScaleStandsInForTheItems) {
  asset_.info->bands[0].scale = 0.01;
  Expect(0.01, 0, "file");
  match_.band.scale = 0.02;
  Expect(0.02, 0, "item");
}

TEST_F(RadiometryTest, ModelsOfStoredValuesGetStoredValues) {
  model_.source_dtype = DataType::kUint16;
  match_.band.scale = 0.0001;
  Expect(1, 0, "stored");
}

TEST_F(RadiometryTest, FloatsWithoutAScaleAreWhatTheyAre) {
  asset_.info->bands[0].data_type = "float32";
  Expect(1, 0, "stored");
}

TEST_F(RadiometryTest, IntegersThatNothingExplainsAreAnError) {
  const auto result = Decide();
  EXPECT_STATUS(result, absl::StatusCode::kInvalidArgument,
                "input \"radiometry\"");
  EXPECT_EQ(PointerOf(result.status()), "/inputs/radiometry");
}

TEST_F(RadiometryTest, TheRequestOverrides) {
  match_.band.scale = 0.0001;
  request_.radiometry = "none";
  Expect(1, 0, "request");
  request_.radiometry_scale = 0.5;
  Expect(0.5, 0, "request");
  request_.radiometry_offset = -1;
  Expect(0.5, -1, "request");
  request_ = ExecuteRequest();
  request_.radiometry = "perhaps";
  EXPECT_STATUS(Decide(), absl::StatusCode::kInvalidArgument, "perhaps");
}

class SentinelOffsetTest : public ::testing::Test {
 protected:
  SentinelOffsetTest() {
    scene_.is_item = true;
    scene_.label = "item \"s2\"";
    scene_.sensor = Sensor::kSentinel2;
    matches_.resize(1);
  }
  std::vector<std::string> Warnings() {
    return RadiometryWarnings(scene_, matches_);
  }
  SourceScene scene_;
  std::vector<BandMatch> matches_;
};

TEST_F(SentinelOffsetTest, SilenceSinceBaseline4IsWarnedAbout) {
  scene_.properties["s2:processing_baseline"] = "04.00";
  EXPECT_THAT(Warnings(), ::testing::ElementsAre(
                              ::testing::HasSubstr("baseline 04.00 or later")));
  scene_.properties["s2:processing_baseline"] = "02.12";
  EXPECT_THAT(Warnings(), ::testing::IsEmpty());
  scene_.properties["s2:processing_baseline"] = "05.11";
  matches_[0].band.offset = -0.1;
  EXPECT_THAT(Warnings(), ::testing::IsEmpty()) << "it says";
}

TEST_F(SentinelOffsetTest, TheBaselineIsFoundInNamesOrByDate) {
  scene_.source.item_id =
      "S2A_MSIL2A_20230714T115221_N0509_R123_T28QCH_20230714T191310";
  EXPECT_EQ(Warnings().size(), 1U);
  scene_.source.item_id =
      "S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310";
  EXPECT_TRUE(Warnings().empty());
  scene_.source.item_id = "x";
  scene_.datetime = "2024-01-01T00:00:00Z";
  EXPECT_EQ(Warnings().size(), 1U);
}

TEST_F(SentinelOffsetTest, OffsetsThatWereAppliedAreNotMissing) {
  scene_.properties["s2:processing_baseline"] = "05.09";
  scene_.properties["earthsearch:boa_offset_applied"] = true;
  EXPECT_TRUE(Warnings().empty());
  matches_[0].band.offset = -0.1;
  EXPECT_THAT(Warnings(),
              ::testing::ElementsAre(::testing::HasSubstr("too dark")));
}

}  // namespace
}  // namespace pushbroom
