// Workers that die: whose crash it was, and what becomes of their jobs.
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;

TEST_P(JobStoreContract, ChargesACrashToTheOnlyJobOfAWorker) {
  const LeasedJob job = Running();
  ASSERT_OK_AND_ASSIGN(const int returned, store().ReturnLeases("w"));
  EXPECT_EQ(returned, 1);
  const Job kept = Get(job.job.id);
  EXPECT_EQ(kept.state, JobState::kAccepted);
  EXPECT_EQ(kept.crashes, 1);
  EXPECT_TRUE(kept.alone);
  EXPECT_EQ(kept.attempt, 1);
  EXPECT_EQ(MustClaim("x").job.attempt, 2);  // at once
}

TEST_P(JobStoreContract, FailsAJobThatCrashedTooManyWorkersAlone) {
  Job job = WithCallbacks();
  job.max_attempts = 100;
  const std::string id = SubmitId(job);
  for (int i = 0; i < 3; ++i) {
    MustClaim();
    ASSERT_OK(store().ReturnLeases("w"));
  }
  const Job kept = Get(id);
  EXPECT_EQ(kept.state, JobState::kFailed);
  EXPECT_THAT(kept.message, ::testing::HasSubstr("crashed 3 workers"));
  EXPECT_EQ(kept.error->message, kept.message);
  EXPECT_THAT(OutboxKinds(id), ElementsAre("callback"));
}

TEST_P(JobStoreContract, CountsACrashAsAnAttempt) {
  Job job;
  job.max_attempts = 1;
  const LeasedJob claimed = Running(job);
  ASSERT_OK(store().ReturnLeases("w"));
  const Job kept = Get(claimed.job.id);
  EXPECT_EQ(kept.state, JobState::kFailed);
  EXPECT_THAT(kept.message, ::testing::HasSubstr("limit is 1 attempts"));
}

TEST_P(JobStoreContract, ChargesNobodyForACrashOfASharedWorker) {
  Job job;
  job.max_attempts = 1;  // nor an attempt, lest it were the last
  const LeasedJob a = Running(job);
  const LeasedJob b = Running(job);
  const LeasedJob elsewhere = Running({}, "other");
  ASSERT_OK_AND_ASSIGN(const int returned, store().ReturnLeases("w"));
  EXPECT_EQ(returned, 2);
  for (const LeasedJob& each : {a, b}) {
    const Job kept = Get(each.job.id);
    EXPECT_EQ(kept.state, JobState::kAccepted);
    EXPECT_TRUE(kept.alone);
    EXPECT_EQ(kept.crashes, 0);
    EXPECT_EQ(kept.attempt, 0);
  }
  EXPECT_EQ(Get(elsewhere.job.id).state, JobState::kRunning);
}

TEST_P(JobStoreContract, RunsTheJobsOfASharedWorkerAloneAndFindsThePoison) {
  const std::string poison = SubmitId();
  const std::string neighbour = SubmitId();
  MustClaim();
  MustClaim("w", /*idle=*/false);
  ASSERT_OK(store().ReturnLeases("w"));
  for (int i = 0; i < 3; ++i) {
    const LeasedJob alone = MustClaim();
    EXPECT_EQ(alone.job.id, poison);
    EXPECT_FALSE(Claim("w", false).has_value());
    ASSERT_OK(store().ReturnLeases("w"));
  }
  EXPECT_EQ(Get(poison).state, JobState::kFailed);
  const LeasedJob alone = MustClaim();
  EXPECT_EQ(alone.job.id, neighbour);
  EXPECT_OK(store().Succeed(alone.lease, SomeResult()));
}

TEST_P(JobStoreContract, DismissesOnReturnWhatWasAskedToStop) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Dismiss(job.job.id));
  ASSERT_OK(store().ReturnLeases("w"));
  EXPECT_EQ(Get(job.job.id).state, JobState::kDismissed);
}

TEST_P(JobStoreContract, ReturnsNothingOfAWorkerThatHoldsNothing) {
  ASSERT_OK_AND_ASSIGN(const int returned, store().ReturnLeases("nobody"));
  EXPECT_EQ(returned, 0);
}

TEST_P(JobStoreContract, ReapsOnlyLeasesThatEnded) {
  const LeasedJob job = Running();
  clock_.Advance(absl::Seconds(29));
  ASSERT_OK_AND_ASSIGN(int returned, store().Reap());
  EXPECT_EQ(returned, 0);
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK_AND_ASSIGN(returned, store().Reap());
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(Get(job.job.id).state, JobState::kAccepted);
  EXPECT_EQ(Get(job.job.id).crashes, 1);
  ASSERT_OK_AND_ASSIGN(returned, store().Reap());
  EXPECT_EQ(returned, 0);
}

TEST_P(JobStoreContract, ReapsWhatAnEarlierProcessLeftBehind) {
  const LeasedJob job = Running();
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK_AND_ASSIGN(const int returned, Another()->Reap());
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(Get(job.job.id).state, JobState::kAccepted);
}

TEST_P(JobStoreContract, JudgesEveryReapedWorkerByItself) {
  const LeasedJob a = Running({}, "shared");
  const LeasedJob b = Running({}, "shared");
  const LeasedJob c = Running({}, "single");
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK_AND_ASSIGN(const int returned, store().Reap());
  EXPECT_EQ(returned, 3);
  EXPECT_EQ(Get(a.job.id).crashes, 0);
  EXPECT_EQ(Get(b.job.id).crashes, 0);
  EXPECT_EQ(Get(c.job.id).crashes, 1);
}

TEST_P(JobStoreContract, ChargesNobodyIfTheLeasesOfASharedWorkerEndApart) {
  const LeasedJob a = Running();
  clock_.Advance(absl::Seconds(10));
  const LeasedJob b = Running();
  clock_.Advance(absl::Seconds(20));
  ASSERT_OK_AND_ASSIGN(int returned, store().Reap());
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(Get(a.job.id).state, JobState::kAccepted);
  EXPECT_EQ(Get(a.job.id).crashes, 0);
  EXPECT_EQ(Get(b.job.id).state, JobState::kRunning);
  clock_.Advance(absl::Seconds(10));
  ASSERT_OK_AND_ASSIGN(returned, store().Reap());
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(Get(b.job.id).state, JobState::kAccepted);
  EXPECT_EQ(Get(b.job.id).crashes, 0);
}

}  // namespace
}  // namespace pushbroom::testing
