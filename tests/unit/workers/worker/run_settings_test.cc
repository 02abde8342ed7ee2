#include "workers/run_settings.h"

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "workers/failure.h"
#include "workers/memory_plan.h"

namespace pushbroom {
namespace {

ModelProbe Probe() {
  ModelProbe probe;
  probe.tile_sizes = {64, 256};
  probe.batch_size = 8;
  probe.output_channels = 3;
  return probe;
}

TEST(RunSettingsTest, TakesTheModelsTileAndTheConfiguredOverlap) {
  ASSERT_OK_AND_ASSIGN(const RunSettings settings,
                       SettingsFor({}, Probe(), {}, 1000, 1000));
  EXPECT_EQ(settings.tile, 256);
  EXPECT_EQ(settings.overlap, 64);
  EXPECT_EQ(settings.batch_size, 8);
}

TEST(RunSettingsTest, ReducesTheDefaultOverlapOfSmallTiles) {
  ASSERT_OK_AND_ASSIGN(const RunSettings settings,
                       SettingsFor({}, Probe(), {}, 50, 50));
  EXPECT_EQ(settings.tile, 64);
  EXPECT_EQ(settings.overlap, 16);
}

TEST(RunSettingsTest, RefusesAnOverlapAboveHalfATile) {
  ExecuteRequest request;
  request.overlap = 130;
  const auto settings = SettingsFor(request, Probe(), {}, 1000, 1000);
  EXPECT_STATUS(settings, absl::StatusCode::kInvalidArgument, "exceeds 128");
  EXPECT_EQ(PointerOf(settings.status()), "/inputs/overlap");
}

TEST(RunSettingsTest, RefusesAnOddOverlap) {
  ExecuteRequest request;
  request.overlap = 33;
  EXPECT_STATUS(SettingsFor(request, Probe(), {}, 1000, 1000),
                absl::StatusCode::kInvalidArgument, "even");
}

TEST(RunSettingsTest, CapsTheBatchAtWhatWasProbed) {
  ExecuteRequest request;
  request.batch_size = 100;
  ASSERT_OK_AND_ASSIGN(const RunSettings settings,
                       SettingsFor(request, Probe(), {}, 1000, 1000));
  EXPECT_EQ(settings.batch_size, 8);
  request.batch_size = 0;
  EXPECT_STATUS(SettingsFor(request, Probe(), {}, 1000, 1000),
                absl::StatusCode::kInvalidArgument, "below 1");
}

TEST(RunSettingsTest, RefusesAThresholdForSeveralChannels) {
  ExecuteRequest request;
  request.threshold = 0.5;
  EXPECT_STATUS(SettingsFor(request, Probe(), {}, 1000, 1000),
                absl::StatusCode::kInvalidArgument, "has 3");
}

TEST(RunSettingsTest, RefusesAThresholdThatIsNoProbability) {
  ModelProbe probe = Probe();
  probe.output_channels = 1;
  ExecuteRequest request;
  request.threshold = 1.5;
  EXPECT_STATUS(SettingsFor(request, probe, {}, 1000, 1000),
                absl::StatusCode::kInvalidArgument, "0 to 1");
}

TEST(FailureTest, LimitsThatAnInputBreaksAreFinal) {
  const absl::Status status = absl::ResourceExhaustedError("too large");
  EXPECT_TRUE(IsRetryable(status));
  EXPECT_FALSE(IsRetryable(WithPointer(status, "/inputs/image")));
  EXPECT_TRUE(IsRetryable(absl::UnavailableError("away")));
  EXPECT_FALSE(IsRetryable(absl::InvalidArgumentError("bad")));
  EXPECT_FALSE(IsRetryable(absl::InternalError("bug")));
}

TEST(MemoryPlanTest, GrowsWithTheWidthOfTheScene) {
  MemoryFacts facts;
  facts.width = 1000;
  facts.bands = 4;
  facts.sample_bytes = 2;
  facts.tile = 256;
  facts.overlap = 64;
  facts.batch_size = 8;
  facts.output_channels = 3;
  const int64_t narrow = PlannedMemoryBytes(facts);
  facts.width = 2000;
  const int64_t wide = PlannedMemoryBytes(facts);
  EXPECT_GT(wide, narrow);
  EXPECT_LT(wide, 2 * narrow);
  facts.probabilities = true;
  EXPECT_GT(PlannedMemoryBytes(facts), wide);
}

}  // namespace
}  // namespace pushbroom
