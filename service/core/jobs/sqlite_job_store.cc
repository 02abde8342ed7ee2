#include "service/core/jobs/sqlite_job_store.h"

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_claim.h"
#include "service/core/jobs/sqlite_connection.h"
#include "service/core/jobs/sqlite_listing.h"
#include "service/core/jobs/sqlite_models.h"
#include "service/core/jobs/sqlite_outbox.h"
#include "service/core/jobs/sqlite_rows.h"
#include "service/core/jobs/transitions.h"

namespace pushbroom {
namespace {

absl::StatusOr<StoredJob> JobOfLease(SqliteConnection& c, const Lease& lease,
                                     JobParts parts) {
  PB_ASSIGN_OR_RETURN(std::optional<StoredJob> stored,
                      FindJob(c, lease.job_id, parts));
  if (!stored) return LeaseLost(lease, "the job was removed");
  return *std::move(stored);
}

absl::StatusOr<StoredJob> JobOfId(SqliteConnection& c,
                                  absl::string_view job_id) {
  PB_ASSIGN_OR_RETURN(std::optional<StoredJob> stored, FindJob(c, job_id));
  if (!stored) return NoSuchJob(job_id);
  return *std::move(stored);
}

/// Ends leases of one worker; how many jobs left it.
absl::StatusOr<int> EndLeasesOf(SqliteConnection& c,
                                absl::string_view worker_id, bool dead,
                                const JobStore::Options& options,
                                absl::Time now) {
  std::vector<StoredJob> running;
  {
    SqliteQuery query = c.Query(
        SelectJobs("WHERE state = 'running' AND worker_id = ? ORDER BY seq"),
        worker_id);
    PB_ASSIGN_OR_RETURN(running, ReadJobs(query));
  }
  int returned = 0;
  for (const EndedLease& ended :
       EndLeases(std::move(running), dead, options, now)) {
    PB_RETURN_IF_ERROR(SaveJob(c, ended.stored, ended.deliveries, now));
    returned += ended.returned ? 1 : 0;
  }
  return returned;
}

/// Thread-safe.
class SqliteJobStore final : public JobStore {
 public:
  SqliteJobStore(std::unique_ptr<SqliteDatabase> database,
                 const Options& options, const Clock& clock)
      : database_(std::move(database)), options_(options), clock_(clock) {}

  absl::StatusOr<Job> Submit(Job job,
                             absl::string_view idempotency_key) override {
    return database_->Write([&](SqliteConnection& c) -> absl::StatusOr<Job> {
      if (!idempotency_key.empty()) {
        SqliteQuery query =
            c.Query(SelectJobs("WHERE tenant = ? AND idempotency_key = ?"),
                    job.tenant, idempotency_key);
        if (query.Step()) {
          PB_ASSIGN_OR_RETURN(StoredJob stored, ReadJob(query));
          return std::move(stored.job);
        }
      }
      PB_ASSIGN_OR_RETURN(job, AsSubmitted(std::move(job), Now()));
      {
        SqliteQuery count =
            c.Query("SELECT count(*) FROM job WHERE state = 'accepted'");
        count.Step();
        PB_RETURN_IF_ERROR(CheckRoom(count.Int(0), options_));
      }
      if (c.Query("SELECT 1 FROM job WHERE id = ?", job.id).Step()) {
        return absl::AlreadyExistsError(
            absl::StrCat("job ", job.id, " exists already"));
      }
      PB_RETURN_IF_ERROR(InsertJob(c, job, idempotency_key));
      return job;
    });
  }

  absl::StatusOr<Job> Get(absl::string_view job_id) override {
    return database_->Read([&](SqliteConnection& c) -> absl::StatusOr<Job> {
      PB_ASSIGN_OR_RETURN(StoredJob stored, JobOfId(c, job_id));
      return std::move(stored.job);
    });
  }

  absl::StatusOr<JobPage> List(const JobFilter& filter) override {
    return database_->Read([&](SqliteConnection& c) {
      return sqlite::ListJobs(c, filter, Now());
    });
  }

  absl::StatusOr<std::optional<LeasedJob>> Claim(
      const ClaimRequest& request) override {
    using Claimed = std::optional<LeasedJob>;
    return database_->Write(
        [&](SqliteConnection& c) -> absl::StatusOr<Claimed> {
          const absl::Time now = Now();
          const std::optional<int64_t> seq = sqlite::PickJob(c, request, now);
          if (!seq) return Claimed();
          StoredJob stored;
          {
            SqliteQuery query = c.Query(SelectJobs("WHERE seq = ?"), *seq);
            query.Step();
            PB_ASSIGN_OR_RETURN(stored, ReadJob(query));
          }
          Lease lease = Start(stored, request, now);
          PB_RETURN_IF_ERROR(SaveJob(c, stored, {}, now));
          return Claimed(LeasedJob{std::move(stored.job), std::move(lease)});
        });
  }

  absl::StatusOr<Beat> Extend(const Lease& lease, absl::Duration extension,
                              const Progress& progress) override {
    return database_->Write([&](SqliteConnection& c) -> absl::StatusOr<Beat> {
      const absl::Time now = Now();
      PB_ASSIGN_OR_RETURN(StoredJob stored,
                          JobOfLease(c, lease, JobParts::kWithoutRequest));
      PB_ASSIGN_OR_RETURN(const Beat beat,
                          ApplyExtend(stored, lease, extension, progress, now));
      PB_RETURN_IF_ERROR(SaveJob(c, stored, {}, now));
      return beat;
    });
  }

  absl::Status Succeed(const Lease& lease, const JobResult& result) override {
    return Change(lease, [&](StoredJob& stored, absl::Time now) {
      return ApplySucceed(stored, lease, result, now);
    });
  }

  absl::Status Fail(const Lease& lease, const JobError& error,
                    bool retryable) override {
    const double jitter = Jitter();
    return Change(lease, [&](StoredJob& stored, absl::Time now) {
      return ApplyFail(stored, lease, error, retryable, jitter, options_, now);
    });
  }

  absl::Status Release(const Lease& lease) override {
    return Change(
        lease,
        [&](StoredJob& stored, absl::Time now) -> absl::StatusOr<Deliveries> {
          PB_RETURN_IF_ERROR(ApplyRelease(stored, lease, now));
          return Deliveries{};
        });
  }

  absl::StatusOr<int> Reap() override {
    return database_->Write([&](SqliteConnection& c) -> absl::StatusOr<int> {
      const absl::Time now = Now();
      std::vector<std::string> workers;
      {
        SqliteQuery query = c.Query(
            "SELECT DISTINCT worker_id FROM job "
            "WHERE state = 'running' AND lease_until <= ?",
            now);
        while (query.Step()) workers.push_back(query.Text(0));
      }
      int returned = 0;
      for (const std::string& worker_id : workers) {
        PB_ASSIGN_OR_RETURN(
            const int n,
            EndLeasesOf(c, worker_id, /*dead=*/false, options_, now));
        returned += n;
      }
      return returned;
    });
  }

  absl::StatusOr<int> ReturnLeases(absl::string_view worker_id) override {
    return database_->Write([&](SqliteConnection& c) {
      return EndLeasesOf(c, worker_id, /*dead=*/true, options_, Now());
    });
  }

  absl::StatusOr<Job> Dismiss(absl::string_view job_id) override {
    return database_->Write([&](SqliteConnection& c) -> absl::StatusOr<Job> {
      const absl::Time now = Now();
      PB_ASSIGN_OR_RETURN(StoredJob stored, JobOfId(c, job_id));
      PB_RETURN_IF_ERROR(ApplyDismiss(stored, now));
      PB_RETURN_IF_ERROR(SaveJob(c, stored, {}, now));
      return std::move(stored.job);
    });
  }

  absl::Status Remove(absl::string_view job_id) override {
    return database_->Write([&](SqliteConnection& c) -> absl::Status {
      PB_ASSIGN_OR_RETURN(const StoredJob stored, JobOfId(c, job_id));
      PB_RETURN_IF_ERROR(CheckEnded(stored.job));
      c.Run("DELETE FROM job WHERE id = ?", job_id);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::vector<Job>> Expired(absl::Time before,
                                           int limit) override {
    return database_->Read([&](SqliteConnection& c) {
      return sqlite::ExpiredJobs(c, before, limit);
    });
  }

  absl::StatusOr<std::vector<OutboxEntry>> OutboxDue(int limit) override {
    return database_->Read([&](SqliteConnection& c) {
      return sqlite::OutboxDue(c, limit, Now());
    });
  }
  absl::Status OutboxDone(int64_t id) override {
    return database_->Write(
        [&](SqliteConnection& c) { return sqlite::OutboxDone(c, id); });
  }
  absl::Status OutboxRetry(int64_t id, absl::string_view error,
                           absl::Time due) override {
    return database_->Write([&](SqliteConnection& c) {
      return sqlite::OutboxRetry(c, id, error, due);
    });
  }
  absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(
      absl::string_view job_id) override {
    return database_->Read(
        [&](SqliteConnection& c) { return sqlite::OutboxOf(c, job_id); });
  }
  absl::StatusOr<bool> TryLock(absl::string_view name, absl::string_view holder,
                               absl::Duration ttl) override {
    return database_->Write([&](SqliteConnection& c) {
      return sqlite::TryLock(c, name, holder, ttl, Now());
    });
  }

  absl::Status PutModel(const ModelRecord& record) override {
    return database_->Write([&](SqliteConnection& c) {
      return sqlite::PutModel(c, record, Now());
    });
  }
  absl::StatusOr<ModelRecord> GetModel(absl::string_view digest) override {
    return database_->Read(
        [&](SqliteConnection& c) { return sqlite::GetModel(c, digest); });
  }
  absl::StatusOr<std::vector<ModelRecord>> CurrentModels() override {
    return database_->Read(
        [](SqliteConnection& c) { return sqlite::CurrentModels(c); });
  }
  absl::Status SetProbe(absl::string_view digest, absl::string_view pool,
                        const ModelProbe& probe) override {
    return database_->Write([&](SqliteConnection& c) {
      return sqlite::SetProbe(c, digest, pool, probe);
    });
  }
  absl::Status RetireModel(absl::string_view process_id) override {
    return database_->Write([&](SqliteConnection& c) {
      return sqlite::RetireModel(c, process_id);
    });
  }

  absl::StatusOr<std::vector<QueueStats>> Stats() override {
    return database_->Read(
        [&](SqliteConnection& c) { return sqlite::Stats(c, Now()); });
  }

 private:
  absl::Time Now() const { return StoreTime(clock_.Now()); }

  double Jitter() {
    absl::MutexLock lock(&random_mutex_);
    return absl::Uniform(random_, 0.9, 1.1);
  }

  /// A worker's write: load, change, save, in one transaction.
  template <typename Apply>
  absl::Status Change(const Lease& lease, Apply apply) {
    return database_->Write([&](SqliteConnection& c) -> absl::Status {
      const absl::Time now = Now();
      PB_ASSIGN_OR_RETURN(StoredJob stored,
                          JobOfLease(c, lease, JobParts::kAll));
      PB_ASSIGN_OR_RETURN(const Deliveries deliveries, apply(stored, now));
      return SaveJob(c, stored, deliveries, now);
    });
  }

  const std::unique_ptr<SqliteDatabase> database_;
  const Options options_;
  const Clock& clock_;
  absl::Mutex random_mutex_;
  absl::BitGen random_ ABSL_GUARDED_BY(random_mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(
    const std::string& path, const JobStore::Options& options,
    const Clock& clock) {
  PB_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> database,
                      SqliteDatabase::Open(path));
  return std::unique_ptr<JobStore>(
      std::make_unique<SqliteJobStore>(std::move(database), options, clock));
}

}  // namespace pushbroom
