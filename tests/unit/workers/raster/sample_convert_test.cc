#include "workers/raster/sample_convert.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::ElementsAre;

TEST(SampleConvertTest, ChoosesTheSmallestTypeThatHoldsBoth) {
  EXPECT_EQ(CommonType(SampleType::kUint8, SampleType::kUint16),
            SampleType::kUint16);
  EXPECT_EQ(CommonType(SampleType::kInt16, SampleType::kUint8),
            SampleType::kInt16);
  EXPECT_EQ(CommonType(SampleType::kInt16, SampleType::kUint16),
            SampleType::kFloat32);
  EXPECT_EQ(CommonType(SampleType::kUint8, SampleType::kFloat32),
            SampleType::kFloat32);
}

TEST(SampleConvertTest, RefusesComplexSamples) {
  EXPECT_STATUS(NativeType(GDT_CFloat32), absl::StatusCode::kInvalidArgument,
                "CFloat32");
}

TEST(SampleConvertTest, NodataThatTheTypeCannotHoldMatchesNothing) {
  uint8_t samples[] = {0, 1, 255};
  uint8_t valid[] = {1, 1, 1};
  MarkInvalid(SampleType::kUint8, samples, 3, {-1, 256, 0.5}, valid);
  EXPECT_THAT(valid, ElementsAre(1, 1, 1));
  MarkInvalid(SampleType::kUint8, samples, 3, {255}, valid);
  EXPECT_THAT(valid, ElementsAre(1, 1, 0));
}

TEST(SampleConvertTest, NanIsNeverValidAndBecomesZero) {
  float samples[] = {1, std::nanf(""), -3.4028234663852886e38F};
  uint8_t valid[] = {1, 1, 1};
  MarkInvalid(SampleType::kFloat32, samples, 3, {-3.40282347e38}, valid);
  EXPECT_THAT(valid, ElementsAre(1, 0, 0));
  EXPECT_EQ(samples[1], 0);
}

TEST(SampleConvertTest, StoresRoundedAndClamped) {
  const float values[] = {-5, 0.5F, 1.6F, 300};
  uint8_t out[4];
  Store(values, 4, SampleType::kUint8, out);
  EXPECT_THAT(out, ElementsAre(0, 0, 2, 255));
}

}  // namespace
}  // namespace pushbroom
