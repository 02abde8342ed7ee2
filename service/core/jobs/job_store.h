// The job record and the queue, which are one table: accepting, claiming,
// progress, completion and what has to be delivered are single transactions.
//
// Every write of a worker names its Lease. A lease that was lost (not extended
// in time, or returned) makes the write fail with kAborted, so that a frozen
// worker which wakes up can finish nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "schemas/job.h"
#include "schemas/model.h"
#include "schemas/model_probe.h"

namespace pushbroom {

/// The only handle with which a worker may write to a job.
struct Lease {
  std::string job_id;
  std::string token;      // fencing token, fresh at every claim
  absl::Time until;
};

struct LeasedJob {
  Job job;
  Lease lease;
};

struct ClaimRequest {
  std::string worker_id;
  std::string pool;
  absl::Duration lease = absl::Seconds(30);
  // The worker runs nothing else now. Only such a worker gets a job that must
  // run alone; it must then claim no other until that one has ended. When such
  // a job is next, other workers get nothing, so that they become idle.
  bool idle = true;
};

struct Progress {
  int percent = 0;                   // stored value never decreases
  int64_t tiles_done = 0, tiles_planned = 0;
  std::string message;               // empty: leave as it is
};

struct Beat {
  absl::Time until;                  // of the extended lease
  bool dismiss_requested = false;
};

struct JobFilter {
  std::vector<std::string> process_ids;   // any of; empty: all
  std::vector<JobState> states;           // any of; empty: all
  TimeInterval created;                   // intersects
  std::optional<absl::Duration> min_duration, max_duration;
  std::optional<std::string> tenant;
  bool include_unlisted = false;          // synchronous jobs and probes
  int limit = 10;
  int offset = 0;
};

struct JobPage {
  std::vector<Job> jobs;             // newest first
  int64_t matched = 0;               // without limit and offset
};

/// Something the service has to deliver, written with the state it tells of.
struct OutboxEntry {
  int64_t id = 0;
  std::string job_id;
  std::string kind;                  // "item", "callback"
  Json payload;
  int attempts = 0;
  std::string last_error;
  absl::Time due;
};

/// A model being served, or listed with the reason why it is not.
struct ModelRecord {
  std::string digest;                // ModelDigest; the key
  std::string process_id;
  Model model;
  std::string artifact_path;         // verified local copy; empty if none
  bool current = true;               // false: replaced, kept for its jobs
  std::optional<ModelProbe> probe;   // absent: not probed yet
  std::string pool;                  // that probed it
  absl::Time created;
};

struct QueueStats {
  std::string pool;
  int64_t accepted = 0, running = 0;
  absl::Duration oldest_wait;
  int64_t outbox_pending = 0;
};

/// Thread-safe; several processes may share one store.
class JobStore {
 public:
  struct Options {
    // Accepted and not started, over all pools; Submit refuses above it.
    int max_queued = 10'000;
    // A job that crashed this many workers alone is failed.
    int max_crashes = 3;
    // Delay before attempt n+1 after a retryable failure:
    // min(retry_max, retry_base * 4^(n-1)) with 10 % jitter.
    absl::Duration retry_base = absl::Seconds(5);
    absl::Duration retry_max = absl::Minutes(15);
  };

  virtual ~JobStore() = default;

  /// Stores `job` as accepted; its id, states and times are set here if empty.
  /// Durable when this returns. With an idempotency key the job of the same
  /// tenant and key is returned instead of a second one.
  /// kResourceExhausted if the queue is full.
  virtual absl::StatusOr<Job> Submit(Job job,
                                     absl::string_view idempotency_key) = 0;

  /// kNotFound if there is no such job.
  virtual absl::StatusOr<Job> Get(absl::string_view job_id) = 0;
  virtual absl::StatusOr<JobPage> List(const JobFilter& filter) = 0;

  /// The next job of the pool whose time has come: by priority, then fair
  /// between tenants, then age. Absent if there is none. Attempt is counted.
  virtual absl::StatusOr<std::optional<LeasedJob>> Claim(
      const ClaimRequest& request) = 0;

  /// Extends the lease by `lease` from now and stores progress. kAborted if
  /// the lease is lost.
  virtual absl::StatusOr<Beat> Extend(const Lease& lease,
                                      absl::Duration extension,
                                      const Progress& progress) = 0;

  /// running → successful, with outbox entries: "item" if the result has one,
  /// "callback" if the request names a successUri; one transaction.
  /// kAborted if the lease is lost or the job was dismissed meanwhile.
  virtual absl::Status Succeed(const Lease& lease, const JobResult& result) = 0;

  /// Ends this attempt. A dismissed job becomes dismissed; a retryable failure
  /// with attempts left goes back to accepted, later; else failed, with a
  /// "callback" entry if the request names a failedUri.
  virtual absl::Status Fail(const Lease& lease, const JobError& error,
                            bool retryable) = 0;

  /// Back to accepted at once, the attempt not counted: for a worker that
  /// drains.
  virtual absl::Status Release(const Lease& lease) = 0;

  /// Returns the jobs of leases that ended, see ReturnLeases. Gives how many.
  virtual absl::StatusOr<int> Reap() = 0;

  /// Returns all jobs of a worker that is known to be dead. If it ran several,
  /// each is queued again to run alone and no crash is charged; if it ran one,
  /// that job's crashes count up, and above max_crashes it is failed.
  /// A job whose dismissal was requested becomes dismissed.
  virtual absl::StatusOr<int> ReturnLeases(absl::string_view worker_id) = 0;

  /// accepted → dismissed at once; running → dismissal is requested, and the
  /// record says so until the worker confirms. kFailedPrecondition if the job
  /// has ended, kNotFound if there is none.
  virtual absl::StatusOr<Job> Dismiss(absl::string_view job_id) = 0;

  /// Forgets an ended job. kFailedPrecondition if it has not ended.
  virtual absl::Status Remove(absl::string_view job_id) = 0;

  /// Up to `limit` ended jobs that ended before `before`, oldest first.
  virtual absl::StatusOr<std::vector<Job>> Expired(absl::Time before,
                                                   int limit) = 0;

  // Outbox. One deliverer at a time holds the named lock.
  virtual absl::StatusOr<std::vector<OutboxEntry>> OutboxDue(int limit) = 0;
  virtual absl::Status OutboxDone(int64_t id) = 0;
  virtual absl::Status OutboxRetry(int64_t id, absl::string_view error,
                                   absl::Time due) = 0;
  /// Entries of one job not yet delivered.
  virtual absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(
      absl::string_view job_id) = 0;
  /// True if `holder` has the lock until `now + ttl`; false if another has it.
  virtual absl::StatusOr<bool> TryLock(absl::string_view name,
                                       absl::string_view holder,
                                       absl::Duration ttl) = 0;

  // Models.
  /// Inserts, or makes an existing digest current again (its probe is kept);
  /// other records of the same process id are no longer current.
  virtual absl::Status PutModel(const ModelRecord& record) = 0;
  virtual absl::StatusOr<ModelRecord> GetModel(absl::string_view digest) = 0;
  virtual absl::StatusOr<std::vector<ModelRecord>> CurrentModels() = 0;
  virtual absl::Status SetProbe(absl::string_view digest, absl::string_view pool,
                                const ModelProbe& probe) = 0;
  /// No longer current. kNotFound if there is no such process.
  virtual absl::Status RetireModel(absl::string_view process_id) = 0;

  virtual absl::StatusOr<std::vector<QueueStats>> Stats() = 0;
};

}  // namespace pushbroom
