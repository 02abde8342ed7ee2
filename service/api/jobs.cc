#include "service/api/jobs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/api/negotiation.h"
#include "service/api/problem.h"
#include "service/api/status_info.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"

namespace pushbroom::api {
namespace {

std::vector<std::string> ListOf(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

// What is wrong with the query, if anything is.
std::optional<Problem> ReadFilter(const Request& request, JobFilter& filter) {
  if (const std::string* text = request.Query("processID")) {
    filter.process_ids = ListOf(*text);
  }
  if (const std::string* text = request.Query("status")) {
    for (const std::string& name : ListOf(*text)) {
      const auto state = JobStateFromName(name);
      if (!state.ok()) {
        return InvalidQuery("status", name,
                            "accepted, running, successful, failed or "
                            "dismissed");
      }
      filter.states.push_back(*state);
    }
  }
  if (const std::string* text = request.Query("datetime")) {
    auto interval = ParseInterval(*text);
    if (!interval.ok()) {
      return InvalidQuery("datetime", *text,
                          "an RFC 3339 date-time or an interval of two");
    }
    filter.created = *interval;
  }
  constexpr int64_t kCentury = int64_t{100} * 366 * 86'400;
  for (auto [name, out] : {std::pair("minDuration", &filter.min_duration),
                           std::pair("maxDuration", &filter.max_duration)}) {
    const std::string* text = request.Query(name);
    int64_t seconds = 0;
    if (!text) continue;
    if (!ParseCount(*text, 0, kCentury, seconds)) {
      return InvalidQuery(name, *text, "seconds, an integer from 0");
    }
    *out = absl::Seconds(seconds);
  }
  int64_t limit = filter.limit;
  int64_t offset = 0;
  if (const std::string* text = request.Query("limit");
      text && !ParseCount(*text, 1, 10'000, limit)) {
    return InvalidQuery("limit", *text, "an integer from 1 to 10000");
  }
  if (const std::string* text = request.Query("offset");
      text && !ParseCount(*text, 0, 1'000'000'000, offset)) {
    return InvalidQuery("offset", *text, "an integer from 0");
  }
  filter.limit = static_cast<int>(limit);
  filter.offset = static_cast<int>(offset);
  return std::nullopt;
}

// All jobs here are of type "process".
bool TypeMatches(const Request& request) {
  const std::string* text = request.Query("type");
  if (!text) return true;
  const auto types = ListOf(*text);
  return std::find(types.begin(), types.end(), "process") != types.end();
}

}  // namespace

absl::StatusOr<Job> FindJob(const Context& context, const std::string& id) {
  if (!IsUuid(id)) return absl::NotFoundError("not a job id");
  auto job = context.deps.store.Get(id);
  if (job.ok() && job->kind == JobKind::kProbe) {
    return absl::NotFoundError("probes are not shown");
  }
  return job;
}

Response RenderJobError(const absl::Status& status, const std::string& id,
                        const Request& request) {
  if (absl::IsNotFound(status)) return Render(NoSuchJob(id), request);
  return Render(ProblemFrom(status), request);
}

Answer ListJobs(const Context& context, const Request& request) {
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  JobFilter filter;
  if (const auto problem = ReadFilter(request, filter)) {
    return Render(*problem, request);
  }
  JobPage page;
  if (TypeMatches(request)) {
    auto found = context.deps.store.List(filter);
    if (!found.ok()) return Render(ProblemFrom(found.status()), request);
    page = *std::move(found);
  }
  Json jobs = Json::array();
  for (const Job& job : page.jobs) {
    jobs.push_back(StatusInfo(job, context.urls));
  }
  return JsonResponse(
      {{"jobs", std::move(jobs)},
       {"links", PageLinks(context.urls, "/jobs", request, filter.offset,
                           filter.limit, page.matched)},
       {"numberMatched", page.matched}});
}

Answer GetJob(const Context& context, const Request& request,
              const PathValues& values) {
  const std::string& id = values.find("jobId")->second;
  const auto job = FindJob(context, id);
  if (!job.ok()) return RenderJobError(job.status(), id, request);
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  return JsonResponse(StatusInfo(*job, context.urls));
}

Answer DeleteJob(const Context& context, const Request& request,
                 const PathValues& values) {
  const std::string& id = values.find("jobId")->second;
  const Dependencies& deps = context.deps;
  auto job = FindJob(context, id);
  if (!job.ok()) return RenderJobError(job.status(), id, request);
  if (!IsFinal(job->state)) {
    auto dismissed = deps.store.Dismiss(id);
    if (dismissed.ok()) {
      deps.wakeup.Send(Hint{Hint::Kind::kCancelled, id});
      if (IsFinal(dismissed->state)) {
        deps.wakeup.Send(Hint{Hint::Kind::kFinished, id});
      }
      return JsonResponse(StatusInfo(*dismissed, context.urls));
    }
    // It ended between the two calls: forget it, as if it had ended before.
    if (!absl::IsFailedPrecondition(dismissed.status())) {
      return RenderJobError(dismissed.status(), id, request);
    }
    job = FindJob(context, id);
    if (!job.ok()) return RenderJobError(job.status(), id, request);
  }
  // The record first: files without a record are rubbish, a record without
  // its files is a lie.
  if (auto status = deps.store.Remove(id); !status.ok()) {
    return RenderJobError(status, id, request);
  }
  if (auto status =
          deps.storage.RemovePrefix(absl::StrCat("results/", id, "/"));
      !status.ok()) {
    Log(LogLevel::kWarning, "files of a removed job are left",
        {{"job", id}, {"error", std::string(status.message())}});
  }
  job->state = JobState::kDismissed;
  job->message = "the job and its results were removed";
  job->error.reset();
  job->result.reset();
  return JsonResponse(StatusInfo(*job, context.urls));
}

}  // namespace pushbroom::api
