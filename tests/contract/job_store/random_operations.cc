#include "tests/contract/job_store/random_operations.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

// All that can be compared between stores.
std::string Summary(const Job& job) {
  return absl::StrCat(job.id, ":", std::string(NameOf(job.state)), " a",
                      job.attempt, " c", job.crashes, job.alone ? " alone" : "",
                      job.dismiss_requested ? " dismiss" : "", " p",
                      job.progress, " ", job.worker_id, " +",
                      absl::ToUnixMicros(job.run_after), " ", job.message);
}

}  // namespace

JobStore::Options RandomOperations::Options() {
  JobStore::Options options;
  options.max_queued = 12;
  // No delay, and so no jitter: the only thing two stores may do differently.
  options.retry_base = absl::ZeroDuration();
  return options;
}

void RandomOperations::Submit() {
  Job job;
  job.id = absl::StrCat("job-", ++submitted_);
  job.process_id = "p";
  job.tenant = std::string(1, static_cast<char>('a' + Pick(3)));
  job.priority = Pick(2);
  job.alone = Pick(8) == 0;
  job.max_attempts = 1 + Pick(4);
  if (Pick(2) == 0) job.request.failed_uri = "https://client.example/";
  const auto result = store_.Submit(job, Pick(4) == 0 ? "key" : "");
  trace_.push_back(absl::StrCat(
      "submit ", result.ok() ? result->id : result.status().ToString()));
}

void RandomOperations::Claim(const std::string& worker, bool idle) {
  ClaimRequest request;
  request.worker_id = worker;
  request.pool = "default";
  request.idle = idle;
  const auto claimed = store_.Claim(request);
  ASSERT_OK(claimed);
  if (!claimed->has_value()) {
    trace_.push_back(absl::StrCat("claim ", worker, " nothing"));
    return;
  }
  const LeasedJob& job = **claimed;
  EXPECT_EQ(known_.at(job.job.id).state, JobState::kAccepted);
  EXPECT_LE(job.job.run_after, clock_.Now());
  if (job.job.alone) {
    EXPECT_TRUE(idle);
  }
  newest_[job.job.id] = job.lease;
  handed_out_.push_back(job.lease);
  trace_.push_back(absl::StrCat("claim ", worker, " ", job.job.id));
}

void RandomOperations::Write() {
  if (handed_out_.empty()) return;
  // Mostly the last few leases, sometimes one long lost.
  const int n = static_cast<int>(handed_out_.size());
  const int back = Pick(6) == 0 ? Pick(n) : Pick(std::min(n, 4));
  WriteUnder(handed_out_[n - 1 - back], Pick(5));
}

void RandomOperations::WriteUnder(const Lease& lease, int verb) {
  const auto before = known_.find(lease.job_id);
  const bool exists = before != known_.end();
  const bool runs = exists && before->second.state == JobState::kRunning;
  const Lease& newest = newest_.at(lease.job_id);
  const bool holds =
      runs && newest.token == lease.token && newest.until > clock_.Now();
  const bool dismissed = exists && before->second.dismiss_requested;
  absl::Status status;
  switch (verb) {
    case 0:
    case 1: {
      const auto beat =
          store_.Extend(lease, absl::Seconds(30), {Pick(100), 0, 0, ""});
      status = beat.status();
      if (beat.ok()) {
        newest_[lease.job_id].until = beat->until;
        EXPECT_EQ(beat->dismiss_requested, dismissed);
      }
      break;
    }
    case 2:
      status = store_.Succeed(lease, SomeResult());
      break;
    case 3:
      status = store_.Fail(lease, SomeError(), Pick(2) == 0);
      break;
    default:
      status = store_.Release(lease);
  }
  const bool allowed = holds && !(verb == 2 && dismissed);
  EXPECT_EQ(status.code(),
            allowed ? absl::StatusCode::kOk : absl::StatusCode::kAborted)
      << status;
  trace_.push_back(absl::StrCat("write ", verb, " ", lease.job_id, " ",
                                status.ok() ? "ok" : "lost"));
}

void RandomOperations::Step() {
  const int op = Pick(20);
  if (op < 5) {
    Submit();
  } else if (op < 10) {
    Claim(Worker(), Pick(2) == 0);
  } else if (op < 15) {
    Write();
  } else if (op == 15) {
    clock_.Advance(absl::Seconds(Pick(25)));
    trace_.push_back("tick");
  } else if (op == 16) {
    trace_.push_back(absl::StrCat("reap ", store_.Reap().value_or(-1)));
  } else if (op == 17) {
    const auto returned = store_.ReturnLeases(Worker());
    trace_.push_back(absl::StrCat("return ", returned.value_or(-1)));
  } else if (submitted_ > 0) {
    const std::string id = absl::StrCat("job-", 1 + Pick(submitted_));
    const absl::Status status =
        op == 18 ? store_.Dismiss(id).status() : store_.Remove(id);
    trace_.push_back(absl::StrCat(op == 18 ? "dismiss " : "remove ", id, " ",
                                  status.ToString()));
    if (op == 19 && status.ok()) {
      EXPECT_TRUE(IsFinal(known_.at(id).state));
      known_.erase(id);
    }
  }
  Check();
}

void RandomOperations::Check() {
  JobFilter all;
  all.include_unlisted = true;
  all.limit = 1'000'000;
  const auto page = store_.List(all);
  ASSERT_OK(page);
  std::map<std::string, std::vector<const Job*>> held;  // by worker
  std::map<std::string, Job> now;
  for (const Job& job : page->jobs) {
    SCOPED_TRACE(Summary(job));
    ExpectConsistent(job);
    EXPECT_LE(job.attempt, job.max_attempts);
    EXPECT_LT(job.crashes, 4);
    if (job.state == JobState::kRunning) held[job.worker_id].push_back(&job);
    if (auto it = known_.find(job.id); it != known_.end()) {
      const Job& was = it->second;
      if (was.state != job.state) {
        EXPECT_TRUE(CanMove(was.state, job.state))
            << std::string(NameOf(was.state));
        trace_.push_back(Summary(job));
      }
      EXPECT_GE(job.progress, was.progress);
      EXPECT_GE(job.crashes, was.crashes);
      EXPECT_GE(job.alone, was.alone);
      if (IsFinal(was.state)) {
        EXPECT_EQ(Summary(job), Summary(was));
      }
    }
    const auto outbox = store_.OutboxOf(job.id);
    ASSERT_OK(outbox);
    std::set<std::string> kinds;
    for (const OutboxEntry& entry : *outbox) {
      EXPECT_TRUE(kinds.insert(entry.kind).second);
    }
    EXPECT_EQ(kinds.count("item") > 0, job.state == JobState::kSuccessful);
    EXPECT_EQ(kinds.count("callback") > 0, job.state == JobState::kFailed &&
                                               !job.request.failed_uri.empty());
    now[job.id] = job;
  }
  for (const auto& [id, was] : known_) {
    EXPECT_EQ(now.count(id), 1) << id << " was lost";
  }
  for (const auto& [worker, jobs] : held) {
    for (const Job* job : jobs) {
      if (job->alone) {
        EXPECT_EQ(jobs.size(), 1) << worker << ", " << job->id;
      }
    }
  }
  known_ = std::move(now);
}

void RandomOperations::Drain() {
  // The dead first; then one worker takes what is left, one job at a time.
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK(store_.Reap());
  Check();
  while (true) {
    const size_t before = handed_out_.size();
    Claim("last", /*idle=*/true);
    if (handed_out_.size() == before) break;
    Check();
    WriteUnder(handed_out_.back(), 2);
    Check();
  }
  for (const auto& [id, job] : known_) EXPECT_TRUE(IsFinal(job.state)) << id;
}

}  // namespace pushbroom::testing
