#include "workers/inputs/band_labels.h"

#include "gtest/gtest.h"

namespace pushbroom {
namespace {

TEST(BandLabelsTest, ReadsNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(NumberOf("B04"), "B4");
  EXPECT_EQ(NumberOf("b4"), "B4");
  EXPECT_EQ(NumberOf("B08A"), "B8A");
  EXPECT_EQ(NumberOf("B11_20m"), "B11");
  EXPECT_EQ(NumberOf("SR_B5"), "B5");
  EXPECT_EQ(NumberOf("SR_B5.TIF"), "B5");
  EXPECT_EQ(NumberOf("B04 - red"), "B4");
  EXPECT_EQ(NumberOf("band1"), "") << "a number of nothing";
  EXPECT_EQ(NumberOf("blue"), "");
  EXPECT_EQ(NumberOf("B"), "");
  EXPECT_EQ(NumberOf("B123"), "");
  EXPECT_EQ(NumberOf("BA"), "");
}

TEST(BandLabelsTest, KnowsSensorsByPlatform) {
  EXPECT_EQ(SensorOfPlatform("sentinel-2a  sentinel-2"), Sensor::kSentinel2);
  EXPECT_EQ(SensorOfPlatform("Sentinel 2"), Sensor::kSentinel2);
  EXPECT_EQ(SensorOfPlatform("LANDSAT_8"), Sensor::kLandsatOli);
  EXPECT_EQ(SensorOfPlatform("landsat-7"), Sensor::kLandsatTm);
  EXPECT_EQ(SensorOfPlatform("cool_sat2"), Sensor::kUnknown);
}

TEST(BandLabelsTest, KnowsSensorsByTheirBandsOnlyIfOneFits) {
  EXPECT_EQ(SensorOfBands({{"B04", ""}, {"B8A", ""}}), Sensor::kSentinel2);
  EXPECT_EQ(SensorOfBands({{"B5", "nir08"}}), Sensor::kLandsatOli);
  EXPECT_EQ(SensorOfBands({{"B4", "nir"}, {"B3", "red"}}), Sensor::kLandsatTm);
  EXPECT_EQ(SensorOfBands({{"B2", ""}, {"B3", ""}}), Sensor::kUnknown);
  EXPECT_EQ(SensorOfBands({{"red", "red"}}), Sensor::kUnknown);
  EXPECT_EQ(SensorOfBands({{"B05", "rededge"}, {"B06", "rededge"}}),
            Sensor::kSentinel2);
}

TEST(BandLabelsTest, AliasesHoldWithinOneSensor) {
  constexpr auto kS2 = Sensor::kSentinel2;
  constexpr auto kOli = Sensor::kLandsatOli;
  constexpr auto kNone = Sensor::kUnknown;
  EXPECT_TRUE(AreAliases({"B4", ""}, kNone, {"red", ""}, kS2));
  EXPECT_TRUE(AreAliases({"B04", ""}, kS2, {"B4", ""}, kS2));
  EXPECT_TRUE(AreAliases({"SWIR_1", ""}, kNone, {"B11", ""}, kS2));
  EXPECT_TRUE(AreAliases({"nir", ""}, kNone, {"B5", "nir08"}, kOli));
  EXPECT_FALSE(AreAliases({"nir", ""}, kNone, {"B8A", "nir08"}, kS2));
  EXPECT_FALSE(AreAliases({"B05", ""}, kS2, {"B5", ""}, kOli))
      << "red edge is not near infrared";
  EXPECT_TRUE(AreAliases({"swir1", ""}, kNone, {"swir16", ""}, kNone));
  EXPECT_FALSE(AreAliases({"B2", ""}, kNone, {"blue", ""}, kNone))
      << "of which sensor?";
}

}  // namespace
}  // namespace pushbroom
