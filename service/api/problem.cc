#include "service/api/problem.h"

#include "absl/strings/str_cat.h"
#include "service/core/base/json.h"
#include "service/core/base/status.h"

namespace pushbroom::api {
namespace {

constexpr char kOgc[] =
    "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/";
constexpr char kBlank[] = "about:blank";
// The standard has no URI for a bad value, and gives this word as its example.
constexpr char kInvalidValue[] = "InvalidParameterValue";

struct Meaning {
  int of_request;  // HTTP status where a request is refused
  int of_job;      // HTTP status of the results of a failed job
  const char* type;
};

// The one table. No `default`: a new code must be thought about.
Meaning MeaningOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return {400, 400, kInvalidValue};
    case absl::StatusCode::kNotFound:
      return {404, 400, kBlank};
    case absl::StatusCode::kAlreadyExists:
      return {409, 500, kBlank};
    case absl::StatusCode::kFailedPrecondition:
      return {409, 400, kBlank};
    case absl::StatusCode::kPermissionDenied:
      return {403, 403, kBlank};
    case absl::StatusCode::kUnauthenticated:
      return {401, 403, kBlank};
    case absl::StatusCode::kResourceExhausted:
      return {429, 400, kBlank};
    case absl::StatusCode::kCancelled:
      return {409, 410, kBlank};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, 500, kBlank};
    case absl::StatusCode::kUnavailable:
      return {503, 502, kBlank};
    case absl::StatusCode::kUnimplemented:
      return {501, 501, kBlank};
    case absl::StatusCode::kAborted:
      return {409, 500, kBlank};
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
      return {500, 500, kBlank};
    // Keeps the enumeration open; Abseil's own comment forbids using it.
    case absl::StatusCode::
        kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      return {500, 500, kBlank};
  }
  return {500, 500, kBlank};
}

Problem OgcProblem(int status, absl::string_view name, absl::string_view title,
                   std::string detail) {
  Problem problem;
  problem.status = status;
  problem.type = absl::StrCat(kOgc, name);
  problem.title = std::string(title);
  problem.detail = std::move(detail);
  return problem;
}

}  // namespace

absl::string_view ReasonPhrase(int http_status) {
  switch (http_status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

Problem ProblemFrom(const absl::Status& status) {
  const Meaning meaning = MeaningOf(status.code());
  Problem problem;
  problem.status = meaning.of_request;
  problem.type = meaning.type;
  problem.title = std::string(ReasonPhrase(problem.status));
  problem.detail = std::string(status.message());
  problem.pointer = PointerOf(status);
  if (problem.status == 429 || problem.status == 503) {
    problem.headers.emplace_back("Retry-After", "5");
  }
  return problem;
}

Problem ProblemOfJob(const JobError& error) {
  const Meaning meaning = MeaningOf(error.code);
  Problem problem;
  problem.status = meaning.of_job;
  problem.type = meaning.type;
  problem.title = "the job failed";
  problem.detail = error.message;
  problem.pointer = error.pointer;
  return problem;
}

Problem NoSuchProcess(absl::string_view process_id) {
  return OgcProblem(404, "no-such-process", "no such process",
                    absl::StrCat("there is no process \"", process_id, "\""));
}

Problem NoSuchJob(absl::string_view job_id) {
  return OgcProblem(404, "no-such-job", "no such job",
                    absl::StrCat("there is no job \"", job_id, "\""));
}

Problem NoSuchOutput(absl::string_view job_id, absl::string_view output) {
  return OgcProblem(
      404, "no-such-output", "no such output",
      absl::StrCat("job ", job_id, " has no output \"", output, "\""));
}

Problem ResultNotReady(const Job& job) {
  return OgcProblem(404, "result-not-ready", "the result is not ready",
                    absl::StrCat("job ", job.id, " is ", NameOf(job.state),
                                 ", ", job.progress, " % done"));
}

Problem ResultNotAvailable(const Job& job, absl::string_view why) {
  return OgcProblem(404, "result-not-available", "there is no result",
                    absl::StrCat("job ", job.id, " ", why));
}

Problem InvalidQuery(absl::string_view name, absl::string_view value,
                     absl::string_view expected) {
  return OgcProblem(400, "invalid-query-parameter-value",
                    "invalid query parameter value",
                    absl::StrCat("query parameter ", name, " is \"", value,
                                 "\"; expected ", expected));
}

Problem PlainProblem(int status, absl::string_view detail) {
  Problem problem;
  problem.status = status;
  problem.title = std::string(ReasonPhrase(status));
  problem.detail = std::string(detail);
  return problem;
}

Problem InvalidRequest(std::vector<FieldError> errors) {
  Problem problem =
      ProblemFrom(absl::InvalidArgumentError("the request is not valid"));
  if (!errors.empty()) {
    problem.detail = errors.front().detail;
    problem.pointer = errors.front().pointer;
  }
  problem.errors = std::move(errors);
  return problem;
}

Response Render(const Problem& problem, const Request& request) {
  Json body = {{"type", problem.type},
               {"title", problem.title},
               {"status", problem.status},
               {"detail", problem.detail},
               {"instance", request.path}};
  if (!problem.pointer.empty()) body["pointer"] = problem.pointer;
  if (!problem.errors.empty()) {
    Json& errors = body["errors"] = Json::array();
    for (const FieldError& error : problem.errors) {
      errors.push_back({{"pointer", error.pointer}, {"detail", error.detail}});
    }
  }
  if (!request.request_id.empty()) body["request_id"] = request.request_id;
  Response response;
  response.status = problem.status;
  response.headers = problem.headers;
  response.content_type = "application/json";
  response.body = DumpJson(body);
  return response;
}

}  // namespace pushbroom::api
