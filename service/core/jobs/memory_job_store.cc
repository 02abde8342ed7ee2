#include "service/core/jobs/memory_job_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/core/base/status.h"
#include "service/core/jobs/memory_tables.h"
#include "service/core/jobs/transitions.h"

namespace pushbroom {
namespace {

template <typename T>
bool AnyOf(const std::vector<T>& allowed, const T& value) {
  return allowed.empty() ||
         std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

bool DurationMatches(const JobFilter& filter, const Job& job, absl::Time now) {
  if (!filter.min_duration && !filter.max_duration) return true;
  if (!job.started) return false;
  const absl::Duration d = job.finished.value_or(now) - *job.started;
  return (!filter.min_duration || d >= *filter.min_duration) &&
         (!filter.max_duration || d <= *filter.max_duration);
}

bool Matches(const JobFilter& filter, const Job& job, absl::Time now) {
  if (!filter.include_unlisted &&
      (!job.listed || job.kind != JobKind::kExecute)) {
    return false;
  }
  return AnyOf(filter.process_ids, job.process_id) &&
         AnyOf(filter.states, job.state) &&
         (!filter.tenant || *filter.tenant == job.tenant) &&
         (!filter.created.start || job.created >= *filter.created.start) &&
         (!filter.created.end || job.created <= *filter.created.end) &&
         DurationMatches(filter, job, now);
}

/// Thread-safe.
class MemoryJobStore final : public JobStore {
 public:
  MemoryJobStore(const Options& options, const Clock& clock)
      : options_(options), clock_(clock) {}

  absl::StatusOr<Job> Submit(Job job,
                             absl::string_view idempotency_key) override {
    absl::MutexLock lock(&mutex_);
    const auto key = std::make_pair(job.tenant, std::string(idempotency_key));
    if (auto it = keys_.find(key); it != keys_.end()) {
      return jobs_.at(it->second).job;
    }
    PB_ASSIGN_OR_RETURN(job, AsSubmitted(std::move(job), Now()));
    int64_t accepted = 0;
    for (const auto& [id, stored] : jobs_) {
      if (stored.job.state == JobState::kAccepted) ++accepted;
    }
    PB_RETURN_IF_ERROR(CheckRoom(accepted, options_));
    if (jobs_.count(job.id) > 0) {
      return absl::AlreadyExistsError(
          absl::StrCat("job ", job.id, " exists already"));
    }
    StoredJob stored;
    stored.job = job;
    stored.seq = ++last_seq_;
    jobs_[job.id] = std::move(stored);
    if (!idempotency_key.empty()) keys_[key] = job.id;
    return job;
  }

  absl::StatusOr<Job> Get(absl::string_view job_id) override {
    absl::MutexLock lock(&mutex_);
    auto it = jobs_.find(job_id);
    if (it == jobs_.end()) return NoSuchJob(job_id);
    return it->second.job;
  }

  absl::StatusOr<JobPage> List(const JobFilter& filter) override {
    absl::MutexLock lock(&mutex_);
    std::vector<const StoredJob*> found;
    for (const auto& [id, stored] : jobs_) {
      if (Matches(filter, stored.job, Now())) found.push_back(&stored);
    }
    std::sort(found.begin(), found.end(), [](auto* a, auto* b) {
      return std::tie(a->job.created, a->seq) >
             std::tie(b->job.created, b->seq);
    });
    JobPage page;
    page.matched = static_cast<int64_t>(found.size());
    for (int64_t i = std::max(0, filter.offset);
         i < page.matched &&
         static_cast<int64_t>(page.jobs.size()) < filter.limit;
         ++i) {
      page.jobs.push_back(found[i]->job);
    }
    return page;
  }

  absl::StatusOr<std::optional<LeasedJob>> Claim(
      const ClaimRequest& request) override {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = Now();
    bool idle = request.idle;
    std::map<std::string, int> running;  // by tenant
    for (const auto& [id, stored] : jobs_) {
      const Job& job = stored.job;
      if (job.state != JobState::kRunning) continue;
      if (job.pool == request.pool) ++running[job.tenant];
      if (job.worker_id != request.worker_id) continue;
      if (job.alone) return std::nullopt;
      idle = false;
    }
    StoredJob* best = nullptr;
    const auto rank = [&](const StoredJob& s) {
      return std::make_tuple(s.job.priority, running[s.job.tenant],
                             s.job.created, s.seq);
    };
    for (auto& [id, stored] : jobs_) {
      const Job& job = stored.job;
      if (job.state != JobState::kAccepted || job.pool != request.pool ||
          job.run_after > now) {
        continue;
      }
      if (best == nullptr || rank(stored) < rank(*best)) best = &stored;
    }
    if (best == nullptr) return std::nullopt;
    // A worker that is given others meanwhile would never be idle to take it.
    if (best->job.alone && !idle) return std::nullopt;
    Lease lease = Start(*best, request, now);
    return LeasedJob{best->job, std::move(lease)};
  }

  absl::StatusOr<Beat> Extend(const Lease& lease, absl::Duration extension,
                              const Progress& progress) override {
    absl::MutexLock lock(&mutex_);
    PB_ASSIGN_OR_RETURN(StoredJob * stored, Leased(lease));
    return ApplyExtend(*stored, lease, extension, progress, Now());
  }

  absl::Status Succeed(const Lease& lease, const JobResult& result) override {
    absl::MutexLock lock(&mutex_);
    PB_ASSIGN_OR_RETURN(StoredJob * stored, Leased(lease));
    PB_ASSIGN_OR_RETURN(const Deliveries deliveries,
                        ApplySucceed(*stored, lease, result, Now()));
    outbox_.Post(lease.job_id, deliveries, Now());
    return absl::OkStatus();
  }

  absl::Status Fail(const Lease& lease, const JobError& error,
                    bool retryable) override {
    absl::MutexLock lock(&mutex_);
    PB_ASSIGN_OR_RETURN(StoredJob * stored, Leased(lease));
    PB_ASSIGN_OR_RETURN(
        const Deliveries deliveries,
        ApplyFail(*stored, lease, error, retryable,
                  absl::Uniform(random_, 0.9, 1.1), options_, Now()));
    outbox_.Post(lease.job_id, deliveries, Now());
    return absl::OkStatus();
  }

  absl::Status Release(const Lease& lease) override {
    absl::MutexLock lock(&mutex_);
    PB_ASSIGN_OR_RETURN(StoredJob * stored, Leased(lease));
    return ApplyRelease(*stored, lease, Now());
  }

  absl::StatusOr<int> Reap() override {
    absl::MutexLock lock(&mutex_);
    std::set<std::string> workers;  // with a lease that ended
    for (const auto& [id, stored] : jobs_) {
      if (stored.job.state != JobState::kRunning) continue;
      if (stored.lease_until <= Now()) workers.insert(stored.job.worker_id);
    }
    int returned = 0;
    for (const std::string& worker_id : workers) {
      returned += EndLeasesOf(worker_id, /*dead=*/false);
    }
    return returned;
  }

  absl::StatusOr<int> ReturnLeases(absl::string_view worker_id) override {
    absl::MutexLock lock(&mutex_);
    return EndLeasesOf(worker_id, /*dead=*/true);
  }

  absl::StatusOr<Job> Dismiss(absl::string_view job_id) override {
    absl::MutexLock lock(&mutex_);
    auto it = jobs_.find(job_id);
    if (it == jobs_.end()) return NoSuchJob(job_id);
    PB_RETURN_IF_ERROR(ApplyDismiss(it->second, Now()));
    return it->second.job;
  }

  absl::Status Remove(absl::string_view job_id) override {
    absl::MutexLock lock(&mutex_);
    auto it = jobs_.find(job_id);
    if (it == jobs_.end()) return NoSuchJob(job_id);
    PB_RETURN_IF_ERROR(CheckEnded(it->second.job));
    outbox_.Forget(job_id);
    for (auto key = keys_.begin(); key != keys_.end();) {
      key = key->second == job_id ? keys_.erase(key) : std::next(key);
    }
    jobs_.erase(it);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Job>> Expired(absl::Time before,
                                           int limit) override {
    absl::MutexLock lock(&mutex_);
    std::vector<const StoredJob*> found;
    for (const auto& [id, stored] : jobs_) {
      if (stored.job.finished && *stored.job.finished < before) {
        found.push_back(&stored);
      }
    }
    std::sort(found.begin(), found.end(), [](auto* a, auto* b) {
      return std::tie(*a->job.finished, a->seq) <
             std::tie(*b->job.finished, b->seq);
    });
    std::vector<Job> jobs;
    for (const StoredJob* stored : found) {
      if (static_cast<int>(jobs.size()) >= limit) break;
      jobs.push_back(stored->job);
    }
    return jobs;
  }

  absl::StatusOr<std::vector<OutboxEntry>> OutboxDue(int limit) override {
    absl::MutexLock lock(&mutex_);
    return outbox_.Due(limit, Now());
  }
  absl::Status OutboxDone(int64_t id) override {
    absl::MutexLock lock(&mutex_);
    outbox_.Done(id);
    return absl::OkStatus();
  }
  absl::Status OutboxRetry(int64_t id, absl::string_view error,
                           absl::Time due) override {
    absl::MutexLock lock(&mutex_);
    return outbox_.Retry(id, error, due);
  }
  absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(
      absl::string_view job_id) override {
    absl::MutexLock lock(&mutex_);
    return outbox_.Of(job_id);
  }
  absl::StatusOr<bool> TryLock(absl::string_view name, absl::string_view holder,
                               absl::Duration ttl) override {
    absl::MutexLock lock(&mutex_);
    return locks_.TryLock(name, holder, ttl, Now());
  }

  absl::Status PutModel(const ModelRecord& record) override {
    absl::MutexLock lock(&mutex_);
    models_.Put(record, Now());
    return absl::OkStatus();
  }
  absl::StatusOr<ModelRecord> GetModel(absl::string_view digest) override {
    absl::MutexLock lock(&mutex_);
    return models_.Get(digest);
  }
  absl::StatusOr<std::vector<ModelRecord>> CurrentModels() override {
    absl::MutexLock lock(&mutex_);
    return models_.Current();
  }
  absl::Status SetProbe(absl::string_view digest, absl::string_view pool,
                        const ModelProbe& probe) override {
    absl::MutexLock lock(&mutex_);
    return models_.SetProbe(digest, pool, probe);
  }
  absl::Status RetireModel(absl::string_view process_id) override {
    absl::MutexLock lock(&mutex_);
    return models_.Retire(process_id);
  }

  absl::StatusOr<std::vector<QueueStats>> Stats() override {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = Now();
    std::map<std::string, QueueStats> by_pool;
    for (const auto& [id, stored] : jobs_) {
      const Job& job = stored.job;
      QueueStats& stats = by_pool[job.pool];
      if (job.state == JobState::kRunning) ++stats.running;
      if (job.state != JobState::kAccepted) continue;
      ++stats.accepted;
      stats.oldest_wait = std::max(stats.oldest_wait, now - job.run_after);
    }
    for (const auto& [id, entry] : outbox_.entries()) {
      ++by_pool[jobs_.find(entry.job_id)->second.job.pool].outbox_pending;
    }
    std::vector<QueueStats> all;
    for (auto& [pool, stats] : by_pool) {
      stats.pool = pool;
      all.push_back(std::move(stats));
    }
    return all;
  }

 private:
  absl::Time Now() const { return StoreTime(clock_.Now()); }

  absl::StatusOr<StoredJob*> Leased(const Lease& lease)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto it = jobs_.find(lease.job_id);
    if (it == jobs_.end()) return LeaseLost(lease, "the job was removed");
    return &it->second;
  }

  int EndLeasesOf(absl::string_view worker_id, bool dead)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<StoredJob> running;
    for (const auto& [id, stored] : jobs_) {
      if (stored.job.state == JobState::kRunning &&
          stored.job.worker_id == worker_id) {
        running.push_back(stored);
      }
    }
    int returned = 0;
    for (EndedLease& ended :
         EndLeases(std::move(running), dead, options_, Now())) {
      const std::string id = ended.stored.job.id;
      jobs_[id] = std::move(ended.stored);
      outbox_.Post(id, ended.deliveries, Now());
      returned += ended.returned ? 1 : 0;
    }
    return returned;
  }

  const Options options_;
  const Clock& clock_;
  absl::Mutex mutex_;
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, StoredJob, std::less<>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, std::string> keys_
      ABSL_GUARDED_BY(mutex_);  // tenant, idempotency key → job id
  MemoryOutbox outbox_ ABSL_GUARDED_BY(mutex_);
  MemoryLocks locks_ ABSL_GUARDED_BY(mutex_);
  MemoryModels models_ ABSL_GUARDED_BY(mutex_);
  int64_t last_seq_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<JobStore> NewMemoryJobStore(const JobStore::Options& options,
                                            const Clock& clock) {
  return std::make_unique<MemoryJobStore>(options, clock);
}

}  // namespace pushbroom
