#include <map>

#include "service/core/base/ids.h"
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

Job Alone() {
  Job job;
  job.alone = true;
  return job;
}

TEST_P(JobStoreContract, ClaimsNothingFromAnEmptyQueue) {
  EXPECT_FALSE(Claim().has_value());
}

TEST_P(JobStoreContract, ClaimsOnlyFromTheWorkersPool) {
  Job job;
  job.pool = "gpu";
  Submit(job);
  EXPECT_FALSE(Claim().has_value());
}

TEST_P(JobStoreContract, CountsTheAttemptAndRecordsTheWorkerOfAClaim) {
  const std::string id = SubmitId(WithCallbacks());
  clock_.Advance(absl::Seconds(3));
  const LeasedJob claimed = MustClaim("w1");
  EXPECT_EQ(claimed.job.id, id);
  EXPECT_EQ(claimed.job.state, JobState::kRunning);
  EXPECT_EQ(claimed.job.attempt, 1);
  EXPECT_EQ(claimed.job.worker_id, "w1");
  EXPECT_EQ(claimed.job.started, clock_.Now());
  EXPECT_EQ(claimed.job.request.success_uri,
            WithCallbacks().request.success_uri);
  EXPECT_EQ(claimed.lease.job_id, id);
  EXPECT_EQ(claimed.lease.until, clock_.Now() + absl::Seconds(30));
  EXPECT_EQ(Get(id).state, JobState::kRunning);
  EXPECT_FALSE(Claim("w2").has_value());
}

TEST_P(JobStoreContract, HandsOutAFreshTokenAtEveryClaim) {
  const LeasedJob first = Running();
  ASSERT_OK(store().Release(first.lease));
  const LeasedJob second = MustClaim();
  EXPECT_TRUE(IsUuid(first.lease.token));
  EXPECT_NE(first.lease.token, second.lease.token);
  EXPECT_EQ(second.job.started, first.job.started);
}

TEST_P(JobStoreContract, ClaimsTheLowestPriorityNumberFirst) {
  const std::string last = SubmitId(WithPriority(200));
  const std::string first = SubmitId(WithPriority(-5));
  const std::string second = SubmitId();
  EXPECT_EQ(MustClaim().job.id, first);
  EXPECT_EQ(MustClaim().job.id, second);
  EXPECT_EQ(MustClaim().job.id, last);
}

TEST_P(JobStoreContract, ClaimsTheOldestOfEqualsFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(SubmitId());
    if (i % 2) clock_.Advance(absl::Milliseconds(1));
  }
  for (const std::string& id : ids) EXPECT_EQ(MustClaim().job.id, id);
}

TEST_P(JobStoreContract, GivesTenantsEqualSharesHoweverLongTheirQueues) {
  for (int i = 0; i < 20; ++i) Submit(OfTenant("big"));
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 4; ++i) Submit(OfTenant("small"));
  std::map<std::string, int> running;
  for (int i = 0; i < 8; ++i) ++running[MustClaim().job.tenant];
  EXPECT_EQ(running["big"], 4);
  EXPECT_EQ(running["small"], 4);
}

TEST_P(JobStoreContract, PrefersPriorityToFairness) {
  Running(OfTenant("busy"));
  Submit(OfTenant("free"));
  Job urgent = OfTenant("busy");
  urgent.priority = 1;
  Submit(urgent);
  EXPECT_EQ(MustClaim().job.tenant, "busy");
}

TEST_P(JobStoreContract, LooksBehindATenantWhoseJobsMayNotRunYet) {
  Job later = OfTenant("a");
  later.run_after = clock_.Now() + absl::Minutes(1);
  Submit(later);
  const std::string ready = SubmitId(OfTenant("b"));
  EXPECT_EQ(MustClaim().job.id, ready);
}

TEST_P(JobStoreContract, LooksBehindAPriorityWhoseJobsMayNotRunYet) {
  Job later = WithPriority(1);
  later.run_after = clock_.Now() + absl::Minutes(1);
  Submit(later);
  const std::string ready = SubmitId();
  EXPECT_EQ(MustClaim().job.id, ready);
}

TEST_P(JobStoreContract, ClaimsAJobWhenItsTimeHasCome) {
  Job later;
  later.run_after = clock_.Now() + absl::Minutes(1);
  const std::string id = SubmitId(later);
  clock_.Advance(absl::Seconds(59));
  EXPECT_FALSE(Claim().has_value());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(MustClaim().job.id, id);
}

TEST_P(JobStoreContract, GivesAJobThatRunsAloneOnlyToAnIdleWorker) {
  const std::string alone = SubmitId(Alone());
  clock_.Advance(absl::Seconds(1));
  const std::string other = SubmitId();
  EXPECT_FALSE(Claim("w", /*idle=*/false).has_value());
  EXPECT_EQ(MustClaim("x", /*idle=*/true).job.id, alone);
  EXPECT_EQ(MustClaim("w", /*idle=*/false).job.id, other);
}

TEST_P(JobStoreContract, DoesNotStarveAJobThatRunsAlone) {
  const LeasedJob first = Running();
  const std::string alone = SubmitId(Alone());
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(1));
    Submit();
    EXPECT_FALSE(Claim("w", /*idle=*/false).has_value());
  }
  ASSERT_OK(store().Succeed(first.lease, SomeResult()));
  EXPECT_EQ(MustClaim("w", /*idle=*/true).job.id, alone);
}

TEST_P(JobStoreContract, LetsOthersGoBeforeAJobThatRunsAloneInTheirTurn) {
  const std::string before = SubmitId();
  clock_.Advance(absl::Seconds(1));
  SubmitId(Alone());
  EXPECT_EQ(MustClaim("w", /*idle=*/false).job.id, before);
  EXPECT_FALSE(Claim("w", /*idle=*/false).has_value());
  clock_.Advance(absl::Seconds(1));
  Job urgent;
  urgent.priority = -1;
  const std::string first = SubmitId(urgent);
  EXPECT_EQ(MustClaim("w", /*idle=*/false).job.id, first);
}

TEST_P(JobStoreContract, ClaimsNothingBesideAJobThatRunsAlone) {
  const LeasedJob alone = Running(Alone());
  Submit();
  Submit(Alone());
  EXPECT_FALSE(Claim("w", true).has_value());
  EXPECT_FALSE(Claim("w", false).has_value());
  ASSERT_OK(store().Succeed(alone.lease, SomeResult()));
  EXPECT_TRUE(Claim("w", true).has_value());
}

TEST_P(JobStoreContract, DoesNotBelieveABusyWorkerThatItIsIdle) {
  Running();
  Submit(Alone());
  EXPECT_FALSE(Claim("w", /*idle=*/true).has_value());
}

}  // namespace
}  // namespace pushbroom::testing
