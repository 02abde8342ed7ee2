#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

std::vector<std::string> Ids(const JobPage& page) {
  std::vector<std::string> ids;
  for (const Job& job : page.jobs) ids.push_back(job.id);
  return ids;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_P(JobStoreContract, ListsNewestFirst) {
  const std::string a = SubmitId();
  clock_.Advance(absl::Seconds(1));
  const std::string b = SubmitId();
  const std::string c = SubmitId();  // in the same instant
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List({}));
  EXPECT_THAT(Ids(page), ElementsAre(c, b, a));
}

TEST_P(JobStoreContract, CountsAllMatchesOfAPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(SubmitId());
  JobFilter filter;
  filter.limit = 2;
  filter.offset = 3;
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(filter));
  EXPECT_EQ(page.matched, 5);
  EXPECT_THAT(Ids(page), ElementsAre(ids[1], ids[0]));
  filter.limit = 0;
  ASSERT_OK_AND_ASSIGN(const JobPage none, store().List(filter));
  EXPECT_THAT(none.jobs, IsEmpty());
  EXPECT_EQ(none.matched, 5);
}

TEST_P(JobStoreContract, HidesSynchronousJobsAndProbesUnlessAsked) {
  Job unlisted;
  unlisted.listed = false;
  Job probe;
  probe.kind = JobKind::kProbe;
  Submit(unlisted);
  Submit(probe);
  const std::string shown = SubmitId();
  ASSERT_OK_AND_ASSIGN(JobPage page, store().List({}));
  EXPECT_THAT(Ids(page), ElementsAre(shown));
  JobFilter filter;
  filter.include_unlisted = true;
  ASSERT_OK_AND_ASSIGN(page, store().List(filter));
  EXPECT_EQ(page.matched, 3);
}

TEST_P(JobStoreContract, FiltersByAnyOfProcessesAndStates) {
  Job job;
  job.process_id = "a";
  const std::string a = SubmitId(job);
  job.process_id = "b";
  const std::string b = SubmitId(job);
  job.process_id = "c";
  const std::string c = SubmitId(job);
  ASSERT_OK(store().Dismiss(b));
  JobFilter filter;
  filter.process_ids = {"a", "b"};
  ASSERT_OK_AND_ASSIGN(JobPage page, store().List(filter));
  EXPECT_THAT(Ids(page), UnorderedElementsAre(a, b));
  filter.states = {JobState::kAccepted, JobState::kRunning};
  ASSERT_OK_AND_ASSIGN(page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(a));
}

TEST_P(JobStoreContract, FiltersByTenant) {
  Submit(OfTenant("a"));
  const std::string b = SubmitId(OfTenant("b"));
  JobFilter filter;
  filter.tenant = "b";
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(b));
}

TEST_P(JobStoreContract, FiltersByAClosedIntervalOfCreation) {
  Submit();
  clock_.Advance(absl::Seconds(10));
  const std::string second = SubmitId();
  const absl::Time at = clock_.Now();
  clock_.Advance(absl::Seconds(10));
  const std::string third = SubmitId();
  JobFilter filter;
  filter.created.start = at;
  ASSERT_OK_AND_ASSIGN(JobPage page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(third, second));
  filter.created.end = at;
  ASSERT_OK_AND_ASSIGN(page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(second));
}

TEST_P(JobStoreContract, FiltersByDurationOfJobsThatHaveStarted) {
  const LeasedJob fast = Running();
  clock_.Advance(absl::Seconds(2));
  ASSERT_OK(store().Succeed(fast.lease, SomeResult()));
  const LeasedJob slow = Running();
  clock_.Advance(absl::Seconds(10));  // still running: counts until now
  Submit();                           // never started: has no duration
  JobFilter filter;
  filter.min_duration = absl::Seconds(0);
  ASSERT_OK_AND_ASSIGN(JobPage page, store().List(filter));
  EXPECT_THAT(Ids(page), UnorderedElementsAre(fast.job.id, slow.job.id));
  filter.min_duration = absl::Seconds(10);
  ASSERT_OK_AND_ASSIGN(page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(slow.job.id));
  filter.min_duration.reset();
  filter.max_duration = absl::Seconds(2);
  ASSERT_OK_AND_ASSIGN(page, store().List(filter));
  EXPECT_THAT(Ids(page), ElementsAre(fast.job.id));
}

TEST_P(JobStoreContract, CountsWhatWaitsAndRunsInEveryPool) {
  Job gpu;
  gpu.pool = "gpu";
  Submit(gpu);
  Running(WithPriority(1));
  Submit();
  clock_.Advance(absl::Seconds(5));
  Submit();
  ASSERT_OK_AND_ASSIGN(const auto stats, store().Stats());
  ASSERT_EQ(stats.size(), 2);
  EXPECT_EQ(stats[0].pool, "default");
  EXPECT_EQ(stats[0].accepted, 2);
  EXPECT_EQ(stats[0].running, 1);
  EXPECT_EQ(stats[0].oldest_wait, absl::Seconds(5));
  EXPECT_EQ(stats[0].outbox_pending, 0);
  EXPECT_EQ(stats[1].pool, "gpu");
  EXPECT_EQ(stats[1].accepted, 1);
}

TEST_P(JobStoreContract, KeepsAPoolInItsStatisticsWhenNothingWaits) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  ASSERT_OK_AND_ASSIGN(const auto stats, store().Stats());
  ASSERT_EQ(stats.size(), 1);
  EXPECT_EQ(stats[0].accepted, 0);
  EXPECT_EQ(stats[0].running, 0);
  EXPECT_EQ(stats[0].oldest_wait, absl::ZeroDuration());
  EXPECT_EQ(stats[0].outbox_pending, 1);
}

TEST_P(JobStoreContract, DoesNotCallAJobWaitingBeforeItsTime) {
  Job later;
  later.run_after = clock_.Now() + absl::Minutes(1);
  Submit(later);
  ASSERT_OK_AND_ASSIGN(const auto stats, store().Stats());
  ASSERT_EQ(stats.size(), 1);
  EXPECT_EQ(stats[0].accepted, 1);
  EXPECT_EQ(stats[0].oldest_wait, absl::ZeroDuration());
}

}  // namespace
}  // namespace pushbroom::testing
