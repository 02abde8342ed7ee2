#include "service/api/router.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "service/api/problem.h"

namespace pushbroom::api {
namespace {

bool IsParameter(absl::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool Matches(const std::vector<std::string>& pattern,
             const std::vector<std::string>& path, PathValues& values) {
  if (pattern.size() != path.size()) return false;
  values.clear();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (IsParameter(pattern[i])) {
      values[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

std::string AllowOf(const std::map<Method, Router::Handler>& handlers) {
  std::vector<std::string> names;
  for (const auto& [method, handler] : handlers) {
    switch (method) {
      case Method::kGet:
        names.insert(names.end(), {"GET", "HEAD"});
        break;
      case Method::kPost:
        names.push_back("POST");
        break;
      case Method::kPut:
        names.push_back("PUT");
        break;
      case Method::kDelete:
        names.push_back("DELETE");
        break;
      case Method::kHead:
      case Method::kOptions:
      case Method::kOther:
        break;
    }
  }
  names.push_back("OPTIONS");
  return absl::StrJoin(names, ", ");
}

// Pages of other origins may call us; no credentials travel with them.
void AddCors(Response& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back(
      "Access-Control-Expose-Headers",
      "Location, Link, Preference-Applied, Retry-After, X-Request-Id");
}

Response OptionsOf(const std::string& allow) {
  Response response;
  response.status = 204;
  response.headers = {
      {"Allow", allow},
      {"Access-Control-Allow-Methods", allow},
      {"Access-Control-Allow-Headers",
       "Accept, Authorization, Content-Type, Idempotency-Key, Prefer, "
       "Traceparent, X-Request-Id"},
      {"Access-Control-Max-Age", "86400"}};
  return response;
}

// A parked answer carries the headers when it is sent.
Answer Finish(Answer answer, const std::string& route) {
  if (auto* response = std::get_if<Response>(&answer)) {
    AddCors(*response);
    response->route = route;
    return answer;
  }
  auto& parked = std::get<Parked>(answer);
  parked.done = [inner = std::move(parked.done),
                 route](const absl::StatusOr<Job>& job) {
    Response response = inner(job);
    AddCors(response);
    response.route = route;
    return response;
  };
  return answer;
}

}  // namespace

void Router::Add(Method method, absl::string_view pattern, Handler handler) {
  for (Entry& entry : entries_) {
    if (entry.pattern == pattern) {
      entry.handlers[method] = std::move(handler);
      return;
    }
  }
  Entry& entry = entries_.emplace_back();
  entry.pattern = std::string(pattern);
  entry.segments = absl::StrSplit(pattern, '/', absl::SkipEmpty());
  entry.handlers[method] = std::move(handler);
}

Answer Router::Route(const Request& request) const {
  const std::vector<std::string> path =
      absl::StrSplit(request.path, '/', absl::SkipEmpty());
  PathValues values;
  for (const Entry& entry : entries_) {
    if (!Matches(entry.segments, path, values)) continue;
    const Method method =
        request.method == Method::kHead ? Method::kGet : request.method;
    if (const auto it = entry.handlers.find(method);
        it != entry.handlers.end()) {
      return Finish(it->second(request, values), entry.pattern);
    }
    const std::string allow = AllowOf(entry.handlers);
    if (method == Method::kOptions) {
      return Finish(OptionsOf(allow), entry.pattern);
    }
    Problem problem = PlainProblem(
        405, absl::StrCat("this resource answers to ", allow, " only"));
    problem.headers.emplace_back("Allow", allow);
    return Finish(Render(problem, request), entry.pattern);
  }
  return Finish(Render(PlainProblem(404, absl::StrCat("there is nothing at \"",
                                                      request.path, "\"")),
                       request),
                "");
}

}  // namespace pushbroom::api
