// Dismissing, forgetting, expiring.
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(JobStoreContract, DismissesAWaitingJobAtOnce) {
  const std::string id = SubmitId(WithCallbacks());
  ASSERT_OK_AND_ASSIGN(const Job job, store().Dismiss(id));
  EXPECT_EQ(job.state, JobState::kDismissed);
  EXPECT_EQ(job.finished, clock_.Now());
  EXPECT_FALSE(Claim().has_value());
  EXPECT_THAT(OutboxKinds(id), IsEmpty());
}

TEST_P(JobStoreContract, AsksTheWorkerToStopARunningJob) {
  const LeasedJob job = Running();
  ASSERT_OK_AND_ASSIGN(const Job asked, store().Dismiss(job.job.id));
  EXPECT_EQ(asked.state, JobState::kRunning);
  EXPECT_TRUE(asked.dismiss_requested);
  EXPECT_TRUE(Get(job.job.id).dismiss_requested);
  ASSERT_OK_AND_ASSIGN(const Beat beat,
                       store().Extend(job.lease, absl::Seconds(30), {}));
  EXPECT_TRUE(beat.dismiss_requested);
  EXPECT_OK(store().Dismiss(job.job.id));  // again
  ASSERT_OK(store().Fail(job.lease, SomeError(), /*retryable=*/true));
  EXPECT_EQ(Get(job.job.id).state, JobState::kDismissed);
}

TEST_P(JobStoreContract, RefusesToDismissWhatHasEnded) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  EXPECT_STATUS(store().Dismiss(job.job.id),
                absl::StatusCode::kFailedPrecondition, "successful");
  EXPECT_STATUS(store().Dismiss("nobody"), absl::StatusCode::kNotFound,
                "nobody");
}

TEST_P(JobStoreContract, ForgetsAnEndedJobWithItsDeliveriesAndItsKey) {
  ASSERT_OK_AND_ASSIGN(const Job job, store().Submit(Job(), "key"));
  ASSERT_OK(store().Succeed(MustClaim().lease, SomeResult()));
  ASSERT_OK(store().Remove(job.id));
  EXPECT_STATUS(store().Get(job.id), absl::StatusCode::kNotFound, job.id);
  EXPECT_THAT(OutboxKinds(job.id), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const Job fresh, store().Submit(Job(), "key"));
  EXPECT_NE(fresh.id, job.id);
}

TEST_P(JobStoreContract, RefusesToForgetWhatHasNotEnded) {
  const std::string id = SubmitId();
  EXPECT_STATUS(store().Remove(id), absl::StatusCode::kFailedPrecondition,
                "accepted");
  MustClaim();
  EXPECT_STATUS(store().Remove(id), absl::StatusCode::kFailedPrecondition,
                "running");
  EXPECT_STATUS(store().Remove("nobody"), absl::StatusCode::kNotFound,
                "nobody");
}

TEST_P(JobStoreContract, GivesExpiredJobsOldestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(SubmitId());
    ASSERT_OK(store().Dismiss(ids.back()));
    clock_.Advance(absl::Seconds(1));
  }
  Submit();  // has not ended
  const absl::Time before = clock_.Now() - absl::Seconds(1);
  ASSERT_OK_AND_ASSIGN(const auto expired, store().Expired(before, 2));
  ASSERT_EQ(expired.size(), 2);
  EXPECT_EQ(expired[0].id, ids[0]);
  EXPECT_EQ(expired[1].id, ids[1]);
  ASSERT_OK_AND_ASSIGN(const auto all, store().Expired(before, 100));
  EXPECT_EQ(all.size(), 3);  // the fourth ended at `before`, not before it
}

}  // namespace
}  // namespace pushbroom::testing
