#include "service/core/jobs/transitions.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

void EndLease(StoredJob& stored) {
  stored.lease_token.clear();
  stored.lease_until = absl::Time();
  stored.accompanied = false;
}

// The callers have checked the state, most of them with the lease.
void Move(Job& job, JobState to) {
  assert(CanMove(job.state, to));
  job.state = to;
}

void Finish(StoredJob& stored, JobState state, std::string message,
            absl::Time now) {
  EndLease(stored);
  Move(stored.job, state);
  stored.job.message = std::move(message);
  stored.job.finished = now;
  stored.job.updated = now;
}

void Requeue(StoredJob& stored, absl::Time run_after, std::string message,
             absl::Time now) {
  EndLease(stored);
  Move(stored.job, JobState::kAccepted);
  stored.job.message = std::move(message);
  stored.job.run_after = run_after;
  stored.job.updated = now;
}

Deliveries FinishFailed(StoredJob& stored, JobError error, absl::Time now) {
  Finish(stored, JobState::kFailed, error.message, now);
  stored.job.error = std::move(error);
  Deliveries deliveries;
  if (const std::string& uri = stored.job.request.failed_uri; !uri.empty()) {
    deliveries.push_back({"callback", {{"uri", uri}}});
  }
  return deliveries;
}

absl::Duration RetryDelay(int attempt, double jitter,
                          const JobStore::Options& options) {
  const absl::Duration delay =
      options.retry_base * std::pow(4.0, std::max(0, attempt - 1));
  return std::min(delay, options.retry_max) * jitter;
}

// The worker is gone while it ran this job and no other.
Deliveries ChargeCrash(StoredJob& stored, const JobStore::Options& options,
                       absl::Time now) {
  Job& job = stored.job;
  ++job.crashes;
  job.alone = true;
  const bool too_often = job.crashes >= options.max_crashes;
  if (!too_often && job.attempt < job.max_attempts) {
    Requeue(stored, now,
            absl::StrCat("attempt ", job.attempt, " of ", job.max_attempts,
                         " ended with its worker; queued again to run alone"),
            now);
    return {};
  }
  std::string why = absl::StrCat("crashed ", job.crashes,
                                 job.crashes == 1 ? " worker" : " workers",
                                 " that ran nothing else; the limit is ");
  if (too_often) {
    absl::StrAppend(&why, options.max_crashes);
  } else {
    absl::StrAppend(&why, job.max_attempts, " attempts");
  }
  return FinishFailed(stored, {absl::StatusCode::kInternal, why, ""}, now);
}

// The worker is gone and ran others beside: any of them may be to blame. This
// happens once to a job, for from now on it runs alone; so the attempt is given
// back, lest a neighbour's crash use up the last one.
void ReturnUncharged(StoredJob& stored, absl::Time now) {
  stored.job.alone = true;
  stored.job.attempt = std::max(0, stored.job.attempt - 1);
  Requeue(stored, now,
          "its worker ended while it ran several jobs; queued again to run "
          "alone",
          now);
}

}  // namespace

absl::Status NoSuchJob(absl::string_view job_id) {
  return absl::NotFoundError(absl::StrCat("no job \"", job_id, "\""));
}

absl::StatusOr<Job> AsSubmitted(Job job, absl::Time now) {
  if (job.id.empty()) job.id = NewUuid();
  if (!IsValidId(job.id)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", job.id, "\" is no valid job id"));
  }
  if (job.pool.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", job.id, " names no pool"));
  }
  if (job.max_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_attempts ", job.max_attempts, " of job ", job.id, " is below 1"));
  }
  job.state = JobState::kAccepted;
  job.progress = 0;
  job.tiles_done = 0;
  job.attempt = 0;
  job.crashes = 0;
  job.dismiss_requested = false;
  job.worker_id.clear();
  job.started.reset();
  job.finished.reset();
  job.error.reset();
  job.result.reset();
  job.created = job.created == absl::Time() ? now : StoreTime(job.created);
  job.run_after =
      job.run_after == absl::Time() ? job.created : StoreTime(job.run_after);
  job.updated = now;
  return job;
}

absl::Status CheckRoom(int64_t accepted, const JobStore::Options& options) {
  if (accepted < options.max_queued) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the queue is full: ", accepted, " jobs wait, the limit is ",
                   options.max_queued));
}

Lease Start(StoredJob& stored, const ClaimRequest& request, absl::Time now) {
  Job& job = stored.job;
  stored.lease_token = NewUuid();
  stored.lease_until = StoreTime(now + request.lease);
  stored.accompanied = false;
  Move(job, JobState::kRunning);
  job.message.clear();
  job.worker_id = request.worker_id;
  ++job.attempt;
  if (!job.started) job.started = now;
  job.updated = now;
  return {job.id, stored.lease_token, stored.lease_until};
}

absl::Status LeaseLost(const Lease& lease, absl::string_view why) {
  return absl::AbortedError(
      absl::StrCat("the lease of job ", lease.job_id, " is lost: ", why));
}

absl::Status CheckLease(const StoredJob& stored, const Lease& lease,
                        absl::Time now) {
  if (stored.job.state != JobState::kRunning) {
    return LeaseLost(lease,
                     absl::StrCat("the job is ", NameOf(stored.job.state)));
  }
  if (stored.lease_token != lease.token) {
    return LeaseLost(lease, "the job was claimed again");
  }
  // Also before anybody reaps it: at no instant may both the worker write and
  // the reaper take.
  if (stored.lease_until <= now) {
    return LeaseLost(
        lease,
        absl::StrCat("it ended at ", absl::FormatTime(stored.lease_until,
                                                      absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

absl::StatusOr<Beat> ApplyExtend(StoredJob& stored, const Lease& lease,
                                 absl::Duration extension,
                                 const Progress& progress, absl::Time now) {
  PB_RETURN_IF_ERROR(CheckLease(stored, lease, now));
  Job& job = stored.job;
  stored.lease_until = StoreTime(now + extension);
  job.progress = std::max(job.progress, std::clamp(progress.percent, 0, 100));
  job.tiles_done = std::max(job.tiles_done, progress.tiles_done);
  if (progress.tiles_planned > 0) job.tiles_planned = progress.tiles_planned;
  if (!progress.message.empty()) job.message = progress.message;
  job.updated = now;
  return Beat{stored.lease_until, job.dismiss_requested};
}

absl::StatusOr<Deliveries> ApplySucceed(StoredJob& stored, const Lease& lease,
                                        const JobResult& result,
                                        absl::Time now) {
  PB_RETURN_IF_ERROR(CheckLease(stored, lease, now));
  if (stored.job.dismiss_requested) {
    return absl::AbortedError(
        absl::StrCat("job ", lease.job_id, " was dismissed"));
  }
  Finish(stored, JobState::kSuccessful, "", now);
  stored.job.progress = 100;
  stored.job.result = result;
  Deliveries deliveries;
  if (!result.item.is_null()) deliveries.push_back({"item", Json::object()});
  if (const std::string& uri = stored.job.request.success_uri; !uri.empty()) {
    deliveries.push_back({"callback", {{"uri", uri}}});
  }
  return deliveries;
}

absl::StatusOr<Deliveries> ApplyFail(StoredJob& stored, const Lease& lease,
                                     const JobError& error, bool retryable,
                                     double jitter,
                                     const JobStore::Options& options,
                                     absl::Time now) {
  PB_RETURN_IF_ERROR(CheckLease(stored, lease, now));
  const Job& job = stored.job;
  if (job.dismiss_requested) {
    Finish(stored, JobState::kDismissed, "dismissed while it ran", now);
    return Deliveries{};
  }
  if (retryable && job.attempt < job.max_attempts) {
    const absl::Time again =
        StoreTime(now + RetryDelay(job.attempt, jitter, options));
    Requeue(stored, again,
            absl::StrCat("attempt ", job.attempt, " of ", job.max_attempts,
                         " failed, another will follow: ", error.message),
            now);
    return Deliveries{};
  }
  return FinishFailed(stored, error, now);
}

absl::Status ApplyRelease(StoredJob& stored, const Lease& lease,
                          absl::Time now) {
  PB_RETURN_IF_ERROR(CheckLease(stored, lease, now));
  if (stored.job.dismiss_requested) {
    Finish(stored, JobState::kDismissed, "dismissed while it ran", now);
    return absl::OkStatus();
  }
  stored.job.attempt = std::max(0, stored.job.attempt - 1);
  Requeue(stored, now, "its worker was stopped; queued again", now);
  return absl::OkStatus();
}

absl::Status ApplyDismiss(StoredJob& stored, absl::Time now) {
  Job& job = stored.job;
  if (!CanMove(job.state, JobState::kDismissed)) {
    return absl::FailedPreconditionError(
        absl::StrCat("job ", job.id, " has ended: it is ", NameOf(job.state)));
  }
  if (job.state == JobState::kAccepted) {
    Finish(stored, JobState::kDismissed, "dismissed before it ran", now);
    return absl::OkStatus();
  }
  job.dismiss_requested = true;
  job.updated = now;
  return absl::OkStatus();
}

std::vector<EndedLease> EndLeases(std::vector<StoredJob> running, bool dead,
                                  const JobStore::Options& options,
                                  absl::Time now) {
  const bool several = running.size() > 1;
  std::vector<EndedLease> changed;
  for (StoredJob& stored : running) {
    EndedLease ended{std::move(stored), {}, true};
    StoredJob& s = ended.stored;
    if (!dead && s.lease_until > now) {
      // Its neighbours go and it stays: remember that it had neighbours.
      if (s.accompanied) continue;
      s.accompanied = true;
      ended.returned = false;
    } else if (s.job.dismiss_requested) {
      Finish(s, JobState::kDismissed, "dismissed; its worker ended", now);
    } else if (several || s.accompanied) {
      ReturnUncharged(s, now);
    } else {
      ended.deliveries = ChargeCrash(s, options, now);
    }
    changed.push_back(std::move(ended));
  }
  return changed;
}

absl::Status CheckEnded(const Job& job) {
  if (IsFinal(job.state)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "job ", job.id, " has not ended: it is ", NameOf(job.state)));
}

}  // namespace pushbroom
