#include "schemas/job.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/core/base/status.h"

namespace pushbroom {

absl::string_view NameOf(JobState state) {
  switch (state) {
    case JobState::kAccepted:
      return "accepted";
    case JobState::kRunning:
      return "running";
    case JobState::kSuccessful:
      return "successful";
    case JobState::kFailed:
      return "failed";
    case JobState::kDismissed:
      return "dismissed";
  }
  return "failed";
}

absl::StatusOr<JobState> JobStateFromName(absl::string_view name) {
  for (JobState state : kAllJobStates) {
    if (NameOf(state) == name) return state;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name,
                   "\" is no job status; expected accepted, running, "
                   "successful, failed or dismissed"));
}

JobError JobErrorFrom(const absl::Status& status) {
  return {status.code(), std::string(status.message()), PointerOf(status)};
}

absl::Status ToStatus(const JobError& error) {
  absl::Status status(error.code, error.message);
  return error.pointer.empty() ? status : WithPointer(status, error.pointer);
}

}  // namespace pushbroom
