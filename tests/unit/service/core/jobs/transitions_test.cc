#include "service/core/jobs/transitions.h"

#include <utility>

#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

StoredJob Running(const std::string& id, absl::Time until) {
  StoredJob stored;
  stored.job.id = id;
  stored.job.state = JobState::kRunning;
  stored.job.worker_id = "w";
  stored.job.attempt = 1;
  stored.job.started = kNow;
  stored.lease_token = "token";
  stored.lease_until = until;
  return stored;
}

Lease LeaseOf(const StoredJob& stored) {
  return {stored.job.id, stored.lease_token, stored.lease_until};
}

TEST(TransitionsTest, KeepTimesAsTheStoreDoes) {
  const absl::Time time = kNow + absl::Nanoseconds(1999);
  EXPECT_EQ(StoreTime(time), kNow + absl::Microseconds(1));
}

TEST(TransitionsTest, StartAJobThatWaits) {
  StoredJob stored;
  stored.job.id = "a";
  stored.job.message = "its worker was stopped; queued again";
  stored.accompanied = true;
  const Lease lease =
      Start(stored, {"w", "default", absl::Seconds(30), true}, kNow);
  EXPECT_EQ(lease.token, stored.lease_token);
  EXPECT_EQ(lease.until, kNow + absl::Seconds(30));
  EXPECT_EQ(stored.job.message, "");
  EXPECT_FALSE(stored.accompanied);
  EXPECT_OK(CheckLease(stored, lease, kNow));
}

TEST(TransitionsTest, SayWhyALeaseIsLost) {
  const StoredJob stored = Running("a", kNow + absl::Seconds(1));
  Lease lease = LeaseOf(stored);
  EXPECT_STATUS(CheckLease(stored, lease, kNow + absl::Seconds(1)),
                absl::StatusCode::kAborted, "ended at");
  lease.token = "other";
  EXPECT_STATUS(CheckLease(stored, lease, kNow), absl::StatusCode::kAborted,
                "claimed again");
  StoredJob ended = stored;
  ended.job.state = JobState::kDismissed;
  EXPECT_STATUS(CheckLease(ended, lease, kNow), absl::StatusCode::kAborted,
                "dismissed");
}

TEST(TransitionsTest, DelayRetriesByTheFactorOfTheJitter) {
  for (const double jitter : {0.9, 1.0, 1.1}) {
    StoredJob stored = Running("a", kNow + absl::Seconds(30));
    stored.job.attempt = 2;
    const Lease lease = LeaseOf(stored);
    ASSERT_OK(ApplyFail(stored, lease, {}, true, jitter, {}, kNow));
    EXPECT_EQ(stored.job.run_after, kNow + absl::Seconds(20) * jitter);
  }
}

TEST(TransitionsTest, EndNothingOfALivingWorkerWithoutEndedLeases) {
  // One job stays: it is marked once, and then left alone.
  StoredJob stays = Running("stays", kNow + absl::Seconds(30));
  std::vector<EndedLease> ended =
      EndLeases({Running("goes", kNow), stays}, /*dead=*/false, {}, kNow);
  ASSERT_EQ(ended.size(), 2);
  EXPECT_TRUE(ended[0].returned);
  EXPECT_EQ(ended[0].stored.job.crashes, 0);
  EXPECT_FALSE(ended[1].returned);
  EXPECT_TRUE(ended[1].stored.accompanied);
  EXPECT_EQ(ended[1].stored.job.state, JobState::kRunning);
  EXPECT_TRUE(EndLeases({ended[1].stored}, /*dead=*/false, {}, kNow).empty());
}

TEST(TransitionsTest, ChargeNoCrashToAJobWhoseCompanyLeftBefore) {
  StoredJob accompanied = Running("a", kNow);
  accompanied.accompanied = true;
  const std::vector<EndedLease> ended =
      EndLeases({accompanied}, /*dead=*/true, {}, kNow);
  ASSERT_EQ(ended.size(), 1);
  EXPECT_EQ(ended[0].stored.job.crashes, 0);
  EXPECT_TRUE(ended[0].stored.job.alone);
  EXPECT_FALSE(ended[0].stored.accompanied);
}

TEST(TransitionsTest, RefuseAJobWithoutPoolOrAttempts) {
  Job job;
  job.pool = "";
  EXPECT_STATUS(AsSubmitted(job, kNow), absl::StatusCode::kInvalidArgument,
                "pool");
  job.pool = "default";
  job.max_attempts = 0;
  EXPECT_STATUS(AsSubmitted(job, kNow), absl::StatusCode::kInvalidArgument,
                "max_attempts 0");
}

}  // namespace
}  // namespace pushbroom
