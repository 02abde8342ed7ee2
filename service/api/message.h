// What travels between the HTTP library and the API: our own types.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "schemas/job.h"

namespace pushbroom::api {

enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

struct Request {
  Method method = Method::kGet;
  std::string path;  // decoded, without query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::map<std::string, std::string> headers;              // lower-case names
  std::string body;
  std::string request_id;

  /// The first value, or empty.
  absl::string_view Header(absl::string_view lower_case_name) const;
  /// The first value, or nullptr.
  const std::string* Query(absl::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;  // empty: no body
  std::string body;
  std::string route;  // "/jobs/{jobId}", for metrics
};

/// A synchronous execution that waits: the handler has returned its thread.
/// Whoever parks it calls `done` once, with the job as it is when it has ended
/// or at the deadline, and sends what it returns.
struct Parked {
  std::string job_id;
  absl::Time deadline;
  std::function<Response(const absl::StatusOr<Job>& job)> done;
};

using Answer = std::variant<Response, Parked>;

}  // namespace pushbroom::api
