// URLs of our own resources, and links to them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/api/message.h"
#include "service/core/base/json.h"

namespace pushbroom::api {

inline constexpr char kRelConformance[] =
    "http://www.opengis.net/def/rel/ogc/1.0/conformance";
inline constexpr char kRelProcesses[] =
    "http://www.opengis.net/def/rel/ogc/1.0/processes";
inline constexpr char kRelJobList[] =
    "http://www.opengis.net/def/rel/ogc/1.0/job-list";
inline constexpr char kRelExecute[] =
    "http://www.opengis.net/def/rel/ogc/1.0/execute";
inline constexpr char kRelResults[] =
    "http://www.opengis.net/def/rel/ogc/1.0/results";
inline constexpr char kRelExceptions[] =
    "http://www.opengis.net/def/rel/ogc/1.0/exceptions";

/// {"href","rel","type","title"}; empty members are left out.
Json Link(absl::string_view href, absl::string_view rel,
          absl::string_view type = "application/json",
          absl::string_view title = "");

/// Absolute URLs below the public one. Immutable.
class Urls {
 public:
  /// `base` is without a trailing slash.
  explicit Urls(std::string base) : base_(std::move(base)) {}

  std::string Of(absl::string_view path) const;  // "/processes"
  std::string Process(absl::string_view id) const;
  std::string Execution(absl::string_view id) const;
  std::string Job(absl::string_view id) const;
  std::string Results(absl::string_view job_id) const;
  std::string Result(absl::string_view job_id, absl::string_view output) const;

 private:
  std::string base_;
};

/// `path` with the query of `request`, where `name` is set to `value`.
std::string WithQuery(absl::string_view path, const Request& request,
                      absl::string_view name, absl::string_view value);

/// `self`, and `next` and `prev` where there are more of the list.
Json PageLinks(const Urls& urls, absl::string_view path, const Request& request,
               int64_t offset, int64_t limit, int64_t matched);

}  // namespace pushbroom::api
