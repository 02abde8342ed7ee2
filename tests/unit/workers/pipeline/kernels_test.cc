#include "workers/pipeline/kernels.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::ElementsAre;
using Kind = ScalingOp::Kind;

ScalingOp Op(Kind kind, double a, double b = 0) {
  ScalingOp op;
  op.kind = kind;
  op.minimum = op.mean = op.value = a;
  op.maximum = op.stddev = b;
  if (kind == Kind::kClipMax) op.maximum = a;
  return op;
}

std::vector<float> Scale(const ChannelRecipe& recipe,
                         const std::vector<uint16_t>& stored,
                         std::vector<uint8_t> valid = {}) {
  if (valid.empty()) valid.assign(stored.size(), 1);
  auto kernel = CompileRecipe(recipe);
  EXPECT_OK(kernel);
  std::vector<float> out(stored.size());
  ScaleRow(SampleType::kUint16, stored.data(), valid.data(),
           static_cast<int>(stored.size()), *kernel, out.data());
  return out;
}

TEST(ScaleRowTest, FollowsTheFormulasOfTheExtension) {
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kMinMax, 100, 300)}}, {100, 200, 500}),
              ElementsAre(0.0f, 0.5f, 2.0f));  // min-max does not clip
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kZScore, 10, 5)}}, {10, 15, 0}),
              ElementsAre(0.0f, 1.0f, -2.0f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kOffset, 4)}}, {10}), ElementsAre(6.0f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kScale, 4)}}, {10}), ElementsAre(2.5f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kMultiply, 4)}}, {10}),
              ElementsAre(40.0f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kClip, 20, 30)}}, {10, 25, 40}),
              ElementsAre(20.0f, 25.0f, 30.0f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kClipMin, 20)}}, {10, 25}),
              ElementsAre(20.0f, 25.0f));
  EXPECT_THAT(Scale({1, 0, {Op(Kind::kClipMax, 20)}}, {10, 25}),
              ElementsAre(10.0f, 20.0f));
}

TEST(ScaleRowTest, AppliesRadiometryBeforeScaling) {
  EXPECT_THAT(Scale({0.5, 1, {Op(Kind::kScale, 2)}}, {10}), ElementsAre(3.0f));
}

TEST(ScaleRowTest, KeepsTheOrderOfClipsAndAffineSteps) {
  EXPECT_THAT(Scale({1,
                     0,
                     {Op(Kind::kScale, 10), Op(Kind::kClip, 0, 1),
                      Op(Kind::kMultiply, 5), Op(Kind::kOffset, 1)}},
                    {5, 20}),
              ElementsAre(1.5f, 4.0f));
}

TEST(ScaleRowTest, FillsInvalidPixelsWithZero) {
  EXPECT_THAT(Scale({1, 7, {}}, {1, 2}, {0, 1}), ElementsAre(0.0f, 9.0f));
}

TEST(ScaleRowTest, NanOfAnInvalidPixelDoesNotSurvive) {
  auto kernel = CompileRecipe({});
  ASSERT_OK(kernel);
  const float stored[] = {std::numeric_limits<float>::quiet_NaN(), 2};
  const uint8_t valid[] = {0, 1};
  float out[2];
  ScaleRow(SampleType::kFloat32, stored, valid, 2, *kernel, out);
  EXPECT_THAT(out, ElementsAre(0.0f, 2.0f));
}

TEST(CompileRecipeTest, RefusesZeroDivisors) {
  EXPECT_STATUS(CompileRecipe({1, 0, {Op(Kind::kScale, 0)}}),
                absl::StatusCode::kInvalidArgument, "divides by 0");
  EXPECT_STATUS(CompileRecipe({1, 0, {Op(Kind::kMinMax, 3, 3)}}),
                absl::StatusCode::kInvalidArgument, "divides by 0");
  EXPECT_STATUS(CompileRecipe({1, 0, {Op(Kind::kZScore, 3, 0)}}),
                absl::StatusCode::kInvalidArgument, "divides by 0");
}

TEST(ArgmaxRowTest, TheFirstOfEqualsWins) {
  const float planes[] = {1, 5, 3, 2, 5, 4, 0, 9, 4};
  const uint8_t table[] = {10, 20, 30};
  uint8_t out[3];
  ArgmaxRow(planes, 3, 3, 3, table, out);
  EXPECT_THAT(out, ElementsAre(20, 30, 20));
}

TEST(ArgmaxRowTest, WorksAcrossItsBlocks) {
  const int n = 3000;
  std::vector<float> planes(2 * n);
  for (int i = 0; i < n; ++i)
    planes[static_cast<size_t>(n + i)] = i % 2 ? 1 : -1;
  const uint8_t table[] = {0, 1};
  std::vector<uint8_t> out(n);
  ArgmaxRow(planes.data(), n, 2, n, table, out.data());
  for (int i = 0; i < n; ++i) ASSERT_EQ(out[static_cast<size_t>(i)], i % 2);
}

TEST(ProbabilityRowTest, SumsToOneEvenForLargeLogits) {
  float planes[] = {1000, -1000, 999, 0};  // two channels, two pixels
  ProbabilityRow(planes, 2, 2, 2);
  EXPECT_NEAR(planes[0] + planes[2], 1, 1e-6);
  EXPECT_NEAR(planes[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(planes[3], 1, 1e-6);
}

TEST(AddStatisticsTest, CountsOnlyValidPixels) {
  const uint16_t stored[] = {65535, 7, 3, 0};
  const uint8_t valid[] = {0, 1, 1, 0};
  RowStatistics s;
  AddStatistics(SampleType::kUint16, stored, valid, 4, s);
  AddStatistics(SampleType::kUint16, stored, valid, 2, s);
  EXPECT_EQ(s.count, 3);
  EXPECT_EQ(s.minimum, 3);
  EXPECT_EQ(s.maximum, 7);
  EXPECT_EQ(s.sum, 17);
}

}  // namespace
}  // namespace pushbroom
