// What each verb of JobStore does to a job, as functions without a store: every
// store loads the record, applies one of these and writes the record back in
// the same transaction. So no two stores can disagree about a state.
//
// Times are whole microseconds (StoreTime), because that is what is stored.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "schemas/job.h"
#include "service/core/base/json.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// A job with what only the store knows of it.
struct StoredJob {
  Job job;
  int64_t seq = 0;          // order of submission
  std::string lease_token;  // empty unless the job runs
  absl::Time lease_until;
  // A job that ran beside this one was returned while this one's lease still
  // stood. When this lease ends too, it was not alone, though it looks so.
  bool accompanied = false;
};

/// An outbox row to be written with a job.
struct Delivery {
  std::string kind;
  Json payload;
};
using Deliveries = std::vector<Delivery>;

/// `time` in the resolution of the store.
inline absl::Time StoreTime(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

/// Makes `job` an accepted one that nothing has happened to.
/// kInvalidArgument for an id, pool or number of attempts that is none.
absl::StatusOr<Job> AsSubmitted(Job job, absl::Time now);

/// kResourceExhausted if `accepted` jobs fill the queue.
absl::Status CheckRoom(int64_t accepted, const JobStore::Options& options);

/// accepted → running, under a fresh token.
Lease Start(StoredJob& stored, const ClaimRequest& request, absl::Time now);

/// OK if `stored` still runs under `lease`, else kAborted.
absl::Status CheckLease(const StoredJob& stored, const Lease& lease,
                        absl::Time now);
/// The answer to a lease whose job is no longer there.
absl::Status LeaseLost(const Lease& lease, absl::string_view why);

absl::StatusOr<Beat> ApplyExtend(StoredJob& stored, const Lease& lease,
                                 absl::Duration extension,
                                 const Progress& progress, absl::Time now);

absl::StatusOr<Deliveries> ApplySucceed(StoredJob& stored, const Lease& lease,
                                        const JobResult& result,
                                        absl::Time now);

/// `jitter` in [0.9, 1.1] multiplies the delay before the next attempt.
absl::StatusOr<Deliveries> ApplyFail(StoredJob& stored, const Lease& lease,
                                     const JobError& error, bool retryable,
                                     double jitter,
                                     const JobStore::Options& options,
                                     absl::Time now);

absl::Status ApplyRelease(StoredJob& stored, const Lease& lease,
                          absl::Time now);

absl::Status ApplyDismiss(StoredJob& stored, absl::Time now);

/// One job that EndLeases has changed.
struct EndedLease {
  StoredJob stored;
  Deliveries deliveries;
  bool returned = true;  // false: it still runs, only its record was marked
};

/// The end of leases of one worker. `running` is every job that it runs; those
/// whose lease has ended by `now`, or all of them if the worker is known to be
/// `dead`, leave it. Gives the changed ones.
std::vector<EndedLease> EndLeases(std::vector<StoredJob> running, bool dead,
                                  const JobStore::Options& options,
                                  absl::Time now);

/// kFailedPrecondition unless the job has ended.
absl::Status CheckEnded(const Job& job);

/// kNotFound, naming the job.
absl::Status NoSuchJob(absl::string_view job_id);

}  // namespace pushbroom
