#include <set>
#include <thread>

#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

constexpr int kThreads = 4;

TEST_P(JobStoreContract, GivesEveryJobToExactlyOneOfManyWorkers) {
  constexpr int kJobs = 400;
  std::set<std::string> submitted;
  for (int i = 0; i < kJobs; ++i) {
    submitted.insert(SubmitId(OfTenant(std::to_string(i % 3))));
  }
  // Two handles, as of two processes, each used by two threads.
  const std::shared_ptr<JobStore> handles[] = {Another(), Another()};
  std::vector<std::string> claimed[kThreads];
  std::vector<absl::Status> errors(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      JobStore& mine = *handles[t % 2];
      ClaimRequest request;
      request.worker_id = "w" + std::to_string(t);
      request.pool = "default";
      while (true) {
        auto job = mine.Claim(request);
        if (!job.ok()) errors[t] = job.status();
        if (!job.ok() || !job->has_value()) return;
        claimed[t].push_back((*job)->job.id);
        errors[t].Update(mine.Succeed((*job)->lease, SomeResult()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::multiset<std::string> all;
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_OK(errors[t]);
    all.insert(claimed[t].begin(), claimed[t].end());
  }
  EXPECT_EQ(all.size(), static_cast<size_t>(kJobs));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), submitted);
  JobFilter done;
  done.states = {JobState::kSuccessful};
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(done));
  EXPECT_EQ(page.matched, kJobs);
  ASSERT_OK_AND_ASSIGN(const auto outbox, store().OutboxDue(2 * kJobs));
  EXPECT_EQ(outbox.size(), static_cast<size_t>(kJobs));
}

TEST_P(JobStoreContract, GivesOneJobForAKeyThatManySubmitAtOnce) {
  std::vector<std::string> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t, handle = Another()] {
      auto job = handle->Submit(Job(), "key");
      if (job.ok()) ids[t] = job->id;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(ids[0].empty());
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1);
}

TEST_P(JobStoreContract, LetsOneOfManyReapersReturnAJob) {
  Running();
  clock_.Advance(absl::Minutes(1));
  std::vector<int> returned(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t, handle = Another()] {
      returned[t] = handle->Reap().value_or(-1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(returned, ::testing::UnorderedElementsAre(0, 0, 0, 1));
}

}  // namespace
}  // namespace pushbroom::testing
