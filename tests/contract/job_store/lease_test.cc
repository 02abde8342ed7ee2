#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Every way in which a worker writes.
void ExpectLost(JobStore& store, const Lease& lease) {
  EXPECT_STATUS(store.Extend(lease, absl::Seconds(30), {}),
                absl::StatusCode::kAborted, lease.job_id);
  EXPECT_STATUS(store.Succeed(lease, SomeResult()), absl::StatusCode::kAborted,
                lease.job_id);
  EXPECT_STATUS(store.Fail(lease, SomeError(), true),
                absl::StatusCode::kAborted, lease.job_id);
  EXPECT_STATUS(store.Release(lease), absl::StatusCode::kAborted, lease.job_id);
}

TEST_P(JobStoreContract, ExtendsALeaseFromNow) {
  const LeasedJob job = Running();
  clock_.Advance(absl::Seconds(20));
  ASSERT_OK_AND_ASSIGN(const Beat beat,
                       store().Extend(job.lease, absl::Seconds(30), {}));
  EXPECT_EQ(beat.until, clock_.Now() + absl::Seconds(30));
  EXPECT_FALSE(beat.dismiss_requested);
  clock_.Advance(absl::Seconds(20));  // behind the first lease's end
  EXPECT_OK(store().Succeed(job.lease, SomeResult()));
}

TEST_P(JobStoreContract, NeverLetsProgressDecrease) {
  const LeasedJob job = Running();
  const absl::Duration d = absl::Seconds(30);
  ASSERT_OK(store().Extend(job.lease, d, {40, 4, 10, "reading"}));
  ASSERT_OK(store().Extend(job.lease, d, {30, 3, 10, ""}));
  const Job kept = Get(job.job.id);
  EXPECT_EQ(kept.progress, 40);
  EXPECT_EQ(kept.tiles_done, 4);
  EXPECT_EQ(kept.tiles_planned, 10);
  EXPECT_EQ(kept.message, "reading");
}

TEST_P(JobStoreContract, KeepsProgressOverAttempts) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Extend(job.lease, absl::Seconds(30), {40, 4, 10, "x"}));
  ASSERT_OK(store().Release(job.lease));
  EXPECT_EQ(MustClaim().job.progress, 40);
}

TEST_P(JobStoreContract, StoresProgressWithinAHundredPercent) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Extend(job.lease, absl::Seconds(30), {250, 0, 0, ""}));
  EXPECT_EQ(Get(job.job.id).progress, 100);
}

TEST_P(JobStoreContract, RefusesEveryWriteUnderAnotherToken) {
  LeasedJob job = Running();
  job.lease.token = "00000000-0000-4000-8000-000000000000";
  ExpectLost(store(), job.lease);
  EXPECT_EQ(Get(job.job.id).state, JobState::kRunning);
}

TEST_P(JobStoreContract, RefusesEveryWriteAfterTheLeaseEnded) {
  const LeasedJob job = Running();
  clock_.Advance(absl::Seconds(30));
  ExpectLost(store(), job.lease);
}

TEST_P(JobStoreContract, RefusesEveryWriteOfAWorkerWhoseJobWasClaimedAgain) {
  const LeasedJob frozen = Running({}, "frozen");
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK_AND_ASSIGN(const int returned, store().Reap());
  EXPECT_EQ(returned, 1);
  const LeasedJob second = MustClaim("awake");
  ExpectLost(store(), frozen.lease);
  EXPECT_OK(store().Succeed(second.lease, SomeResult()));
  ExpectLost(store(), frozen.lease);
  EXPECT_EQ(Get(second.job.id).worker_id, "awake");
}

TEST_P(JobStoreContract, RefusesEveryWriteToAJobThatWasRemoved) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  ASSERT_OK(store().Remove(job.job.id));
  ExpectLost(store(), job.lease);
}

TEST_P(JobStoreContract, KeepsTheResultOfASuccess) {
  const LeasedJob job = Running();
  clock_.Advance(absl::Seconds(4));
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  const Job kept = Get(job.job.id);
  EXPECT_EQ(kept.state, JobState::kSuccessful);
  EXPECT_EQ(kept.progress, 100);
  EXPECT_EQ(kept.finished, clock_.Now());
  EXPECT_EQ(kept.message, "");
  ASSERT_TRUE(kept.result.has_value());
  EXPECT_EQ(ToJson(*kept.result), ToJson(SomeResult()));
}

TEST_P(JobStoreContract, PutsItemAndCallbackOfASuccessIntoTheOutbox) {
  const LeasedJob job = Running(WithCallbacks());
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  ASSERT_OK_AND_ASSIGN(const auto entries, store().OutboxOf(job.job.id));
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].kind, "item");
  EXPECT_EQ(entries[1].kind, "callback");
  EXPECT_EQ(StringOr(entries[1].payload, "uri"), "https://client.example/done");
}

TEST_P(JobStoreContract, DeliversNothingForAResultWithoutItemAndCallback) {
  const LeasedJob job = Running();
  JobResult result = SomeResult();
  result.item = Json();
  ASSERT_OK(store().Succeed(job.lease, result));
  EXPECT_THAT(OutboxKinds(job.job.id), IsEmpty());
}

TEST_P(JobStoreContract, RefusesTheSuccessOfADismissedJob) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Dismiss(job.job.id));
  EXPECT_STATUS(store().Succeed(job.lease, SomeResult()),
                absl::StatusCode::kAborted, "dismissed");
  EXPECT_THAT(OutboxKinds(job.job.id), IsEmpty());
  EXPECT_OK(store().Fail(job.lease, SomeError(), false));
  EXPECT_EQ(Get(job.job.id).state, JobState::kDismissed);
}

TEST_P(JobStoreContract, FailsAJobWithItsErrorAndTellsTheClient) {
  const LeasedJob job = Running(WithCallbacks());
  ASSERT_OK(store().Fail(job.lease, SomeError(), /*retryable=*/false));
  const Job kept = Get(job.job.id);
  EXPECT_EQ(kept.state, JobState::kFailed);
  EXPECT_EQ(kept.message, SomeError().message);
  ASSERT_TRUE(kept.error.has_value());
  EXPECT_EQ(kept.error->code, SomeError().code);
  EXPECT_EQ(kept.error->message, SomeError().message);
  EXPECT_EQ(kept.error->pointer, SomeError().pointer);
  ASSERT_OK_AND_ASSIGN(const auto entries, store().OutboxOf(job.job.id));
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].kind, "callback");
  EXPECT_EQ(StringOr(entries[0].payload, "uri"),
            "https://client.example/failed");
}

TEST_P(JobStoreContract, RetriesARetryableFailureLaterAndLater) {
  Job job = WithCallbacks();
  job.max_attempts = 4;
  LeasedJob claimed = Running(job);
  // 5 s, 20 s, 80 s, each with 10 % jitter.
  for (const double seconds : {5.0, 20.0, 80.0}) {
    ASSERT_OK(store().Fail(claimed.lease, SomeError(), /*retryable=*/true));
    const Job waiting = Get(claimed.job.id);
    EXPECT_EQ(waiting.state, JobState::kAccepted);
    EXPECT_THAT(waiting.message, ::testing::HasSubstr(SomeError().message));
    const double delay =
        absl::ToDoubleSeconds(waiting.run_after - clock_.Now());
    EXPECT_GE(delay, 0.899 * seconds);
    EXPECT_LE(delay, 1.101 * seconds);
    EXPECT_FALSE(Claim().has_value());
    clock_.Advance(waiting.run_after - clock_.Now());
    claimed = MustClaim();
  }
  EXPECT_EQ(claimed.job.attempt, 4);
  EXPECT_THAT(OutboxKinds(claimed.job.id), IsEmpty());
  ASSERT_OK(store().Fail(claimed.lease, SomeError(), /*retryable=*/true));
  EXPECT_EQ(Get(claimed.job.id).state, JobState::kFailed);
  EXPECT_THAT(OutboxKinds(claimed.job.id), ElementsAre("callback"));
}

TEST_P(JobStoreContract, WaitsNoLongerThanRetryMaxBeforeAnAttempt) {
  JobStore::Options options;
  options.retry_base = absl::Hours(2);
  options.retry_max = absl::Seconds(10);
  UseOptions(options);
  const LeasedJob job = Running();
  ASSERT_OK(store().Fail(job.lease, SomeError(), true));
  EXPECT_LE(Get(job.job.id).run_after - clock_.Now(), absl::Seconds(11));
}

TEST_P(JobStoreContract, ReleasesAJobAtOnceWithItsAttempt) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Release(job.lease));
  EXPECT_EQ(Get(job.job.id).state, JobState::kAccepted);
  const LeasedJob again = MustClaim("other");
  EXPECT_EQ(again.job.id, job.job.id);
  EXPECT_EQ(again.job.attempt, 1);
  EXPECT_FALSE(again.job.alone);
}

TEST_P(JobStoreContract, DismissesInsteadOfReleasingADismissedJob) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Dismiss(job.job.id));
  ASSERT_OK(store().Release(job.lease));
  EXPECT_EQ(Get(job.job.id).state, JobState::kDismissed);
}

}  // namespace
}  // namespace pushbroom::testing
