#include "workers/raster/taps.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pushbroom {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;

TEST(TapsTest, AveragesEvenGroups) {
  const AxisMap half{0, 2, 8};
  const Taps taps = TapsOf(half, ResampleMode::kAverage, 3);
  EXPECT_EQ(taps.first, 6);
  EXPECT_THAT(taps.weights, ElementsAre(0.5F, 0.5F));
}

TEST(TapsTest, WeighsPixelsByTheShareThatIsCovered) {
  const Taps taps = TapsOf({0.5, 2.5, 8}, ResampleMode::kAverage, 0);
  EXPECT_EQ(taps.first, 0);
  EXPECT_THAT(taps.weights,
              ElementsAre(FloatNear(0.2F, 1e-6F), FloatNear(0.4F, 1e-6F),
                          FloatNear(0.4F, 1e-6F)));
}

TEST(TapsTest, LastPixelAveragesWhatThereIs) {
  const Taps taps = TapsOf({0, 2, 7}, ResampleMode::kAverage, 3);
  EXPECT_EQ(taps.first, 6);
  EXPECT_THAT(taps.weights, ElementsAre(1.0F));
  EXPECT_TRUE(TapsOf({0, 2, 7}, ResampleMode::kAverage, 4).weights.empty());
}

TEST(TapsTest, InterpolatesBetweenCentres) {
  // Target pixels half as large: centres at 0.25, 0.75, 1.25 of the source.
  const AxisMap twice{0, 0.5, 4};
  EXPECT_THAT(TapsOf(twice, ResampleMode::kBilinear, 0).weights,
              ElementsAre(1.0F));
  const Taps taps = TapsOf(twice, ResampleMode::kBilinear, 1);
  EXPECT_EQ(taps.first, 0);
  EXPECT_THAT(taps.weights, ElementsAre(FloatEq(0.75F), FloatEq(0.25F)));
  const Taps last = TapsOf(twice, ResampleMode::kBilinear, 7);
  EXPECT_EQ(last.first, 3);
  EXPECT_THAT(last.weights, ElementsAre(1.0F));
}

TEST(TapsTest, TakesTheNearestPixel) {
  EXPECT_EQ(TapsOf({0, 0.5, 4}, ResampleMode::kNearest, 3).first, 1);
  EXPECT_EQ(TapsOf({0, 3, 9}, ResampleMode::kNearest, 1).first, 4);
}

TEST(TapsTest, OutsideOfTheSourceIsNothing) {
  EXPECT_TRUE(TapsOf({-2, 1, 4}, ResampleMode::kBilinear, 0).weights.empty());
  EXPECT_TRUE(TapsOf({-2, 1, 4}, ResampleMode::kNearest, 7).weights.empty());
}

TEST(TapsTest, CoarserGridsAverageUnlessTheBandIsCategorical) {
  EXPECT_EQ(ChooseMode(false, 2, 2), ResampleMode::kAverage);
  EXPECT_EQ(ChooseMode(false, 1.2, 1.2), ResampleMode::kBilinear);
  EXPECT_EQ(ChooseMode(false, 0.5, 0.5), ResampleMode::kBilinear);
  EXPECT_EQ(ChooseMode(true, 4, 4), ResampleMode::kNearest);
}

}  // namespace
}  // namespace pushbroom
