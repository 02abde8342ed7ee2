#include "tests/contract/job_store/job_store_suite.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace pushbroom::testing {

JobStoreContract::JobStoreContract()
    : directory_(*ScratchDirectory::Create(::testing::TempDir(), "job_store")) {
  UseOptions({});
}

void JobStoreContract::UseOptions(const JobStore::Options& options) {
  const std::string own = directory_.File(absl::StrCat(++opened_));
  ASSERT_OK(MakeDirectories(own));
  open_ = GetParam().make(own, options, clock_);
  store_ = open_();
}

Job JobStoreContract::Submit(Job job) {
  if (job.process_id.empty()) job.process_id = "p";
  auto submitted = store().Submit(std::move(job), "");
  EXPECT_OK(submitted);
  return submitted.value_or(Job());
}

Job JobStoreContract::Get(const std::string& id) {
  auto job = store().Get(id);
  EXPECT_OK(job);
  if (job.ok()) ExpectConsistent(*job);
  return job.value_or(Job());
}

std::optional<LeasedJob> JobStoreContract::Claim(const std::string& worker,
                                                 bool idle) {
  ClaimRequest request;
  request.worker_id = worker;
  request.pool = "default";
  request.idle = idle;
  auto claimed = store().Claim(request);
  EXPECT_OK(claimed);
  return claimed.ok() ? *std::move(claimed) : std::nullopt;
}

LeasedJob JobStoreContract::MustClaim(const std::string& worker, bool idle) {
  std::optional<LeasedJob> claimed = Claim(worker, idle);
  EXPECT_TRUE(claimed.has_value()) << "nothing to claim for " << worker;
  return claimed.value_or(LeasedJob());
}

LeasedJob JobStoreContract::Running(Job job, const std::string& worker) {
  const std::string id = SubmitId(std::move(job));
  LeasedJob claimed = MustClaim(worker);
  EXPECT_EQ(claimed.job.id, id);
  return claimed;
}

std::vector<std::string> JobStoreContract::OutboxKinds(
    const std::string& job_id) {
  auto entries = store().OutboxOf(job_id);
  EXPECT_OK(entries);
  std::vector<std::string> kinds;
  for (const OutboxEntry& entry : *entries) kinds.push_back(entry.kind);
  return kinds;
}

Job WithPriority(int priority) {
  Job job;
  job.priority = priority;
  return job;
}

Job OfTenant(std::string tenant) {
  Job job;
  job.tenant = std::move(tenant);
  return job;
}

Job WithCallbacks() {
  Job job;
  job.request.success_uri = "https://client.example/done";
  job.request.failed_uri = "https://client.example/failed";
  return job;
}

JobResult SomeResult() {
  JobResult result;
  result.outputs["classes"] = {"job/token/classes.tif", "image/tiff", 1234,
                               std::string(64, 'a'), Json()};
  result.outputs["count"] = {"", "application/json", 0, "", Json(7)};
  result.item = {{"type", "Feature"}, {"id", "item-1"}};
  result.collection = "results";
  result.summary = {{"tiles", 12}};
  return result;
}

JobError SomeError() {
  return {absl::StatusCode::kNotFound, "the link does not open",
          "/inputs/image"};
}

void ExpectConsistent(const Job& job) {
  SCOPED_TRACE(
      absl::StrCat("job ", job.id, ", ", std::string(NameOf(job.state))));
  EXPECT_EQ(job.finished.has_value(), IsFinal(job.state));
  EXPECT_EQ(job.result.has_value(), job.state == JobState::kSuccessful);
  EXPECT_EQ(job.error.has_value(), job.state == JobState::kFailed);
  if (job.dismiss_requested) {
    EXPECT_TRUE(job.state == JobState::kRunning ||
                job.state == JobState::kDismissed);
  }
  if (job.state == JobState::kRunning) {
    EXPECT_TRUE(job.started.has_value());
    EXPECT_GE(job.attempt, 1);
    EXPECT_FALSE(job.worker_id.empty());
  }
  EXPECT_GE(job.progress, 0);
  EXPECT_LE(job.progress, 100);
  EXPECT_GE(job.updated, job.created);
  if (job.started && job.finished) {
    EXPECT_GE(*job.finished, *job.started);
  }
}

}  // namespace pushbroom::testing
