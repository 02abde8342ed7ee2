// A job: its record, its states, and who may move it.
//
//   accepted → running      Claim
//   running  → accepted     Release, retryable Fail, a lost lease
//   running  → successful   Succeed
//   running  → failed       Fail
//   accepted → dismissed    Dismiss, at once
//   running  → dismissed    the worker confirms, or its lease ends
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "schemas/execute_request.h"
#include "schemas/job_result.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// OGC statusCode.yaml. The names are stored: do not change them.
enum class JobState { kAccepted, kRunning, kSuccessful, kFailed, kDismissed };
inline constexpr JobState kAllJobStates[] = {
    JobState::kAccepted, JobState::kRunning, JobState::kSuccessful,
    JobState::kFailed, JobState::kDismissed};

absl::string_view NameOf(JobState state);
absl::StatusOr<JobState> JobStateFromName(absl::string_view name);

constexpr bool IsFinal(JobState state) {
  return state == JobState::kSuccessful || state == JobState::kFailed ||
         state == JobState::kDismissed;
}

constexpr bool CanMove(JobState from, JobState to) {
  switch (from) {
    case JobState::kAccepted:
      return to == JobState::kRunning || to == JobState::kDismissed;
    case JobState::kRunning:
      return to == JobState::kAccepted || IsFinal(to);
    case JobState::kSuccessful:
    case JobState::kFailed:
    case JobState::kDismissed:
      return false;
  }
  return false;
}

/// kProbe checks a model and is never shown to clients.
enum class JobKind { kExecute, kProbe };

/// Why a job failed: RFC 9457, kept with the job. `code` is the
/// absl::StatusCode that the API turns into an HTTP status.
struct JobError {
  absl::StatusCode code = absl::StatusCode::kInternal;
  std::string message;
  std::string pointer;  // into the execute request; may be empty
};
JobError JobErrorFrom(const absl::Status& status);
absl::Status ToStatus(const JobError& error);

struct Job {
  std::string id;  // UUID
  JobKind kind = JobKind::kExecute;
  std::string process_id;
  std::string model_digest;  // empty for built-in processes
  std::string tenant, owner;
  std::string pool = "default";  // of workers that may take it
  int priority = 100;            // lower first
  bool listed = true;            // false: made by a synchronous request
  std::string traceparent;       // W3C trace context of the request

  JobState state = JobState::kAccepted;
  ExecuteRequest request;
  std::string message;  // for people: what is going on, or why not
  int progress = 0;     // percent, never decreases
  int64_t tiles_done = 0, tiles_planned = 0;

  int attempt = 0, max_attempts = 3;
  int crashes = 0;     // of workers that ran this job alone
  bool alone = false;  // must not share a worker
  absl::Duration deadline = absl::Hours(1);  // of one attempt
  bool dismiss_requested = false;
  std::string worker_id;  // who runs it, or ran it last

  absl::Time created, updated;
  absl::Time run_after;  // not before this; retries back off
  std::optional<absl::Time> started, finished;

  std::optional<JobError> error;    // set iff failed
  std::optional<JobResult> result;  // set iff successful
};

}  // namespace pushbroom
