// Errors as clients see them: RFC 9457 bodies, with the exception types of OGC
// API – Processes. The one table from absl::StatusCode to HTTP is here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "schemas/job.h"
#include "service/api/message.h"

namespace pushbroom::api {

/// One thing that is wrong with a request.
struct FieldError {
  std::string pointer;  // JSON pointer into the body
  std::string detail;
};

struct Problem {
  int status = 500;
  std::string type = "about:blank";
  std::string title;
  std::string detail;
  std::string pointer;             // of the first error; may be empty
  std::vector<FieldError> errors;  // all of them; may be empty
  std::vector<std::pair<std::string, std::string>> headers;  // Retry-After …
};

/// Why a request is refused.
Problem ProblemFrom(const absl::Status& status);

/// Why a job failed: answers GET …/results. It differs from ProblemFrom where
/// a code would make a client retry what stays as it is (429), or believe that
/// the job is not there (404).
Problem ProblemOfJob(const JobError& error);

// Those that the standard names.
Problem NoSuchProcess(absl::string_view process_id);
Problem NoSuchJob(absl::string_view job_id);
Problem NoSuchOutput(absl::string_view job_id, absl::string_view output);
Problem ResultNotReady(const Job& job);
Problem ResultNotAvailable(const Job& job, absl::string_view why);
Problem InvalidQuery(absl::string_view name, absl::string_view value,
                     absl::string_view expected);

/// A problem with nothing to say but its HTTP status.
Problem PlainProblem(int status, absl::string_view detail);

/// Everything wrong with an execute request, the first as the detail.
Problem InvalidRequest(std::vector<FieldError> errors);

/// As application/json (not problem+json: the OGC test suite wants it so).
Response Render(const Problem& problem, const Request& request);

/// "Not Found"
absl::string_view ReasonPhrase(int http_status);

}  // namespace pushbroom::api
