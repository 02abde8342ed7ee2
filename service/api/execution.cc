#include "service/api/execution.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/execute_body.h"
#include "service/api/negotiation.h"
#include "service/api/problem.h"
#include "service/api/results.h"
#include "service/api/status_info.h"

namespace pushbroom::api {
namespace {

constexpr size_t kMaxIdempotencyKey = 255;

bool Offers(const ServedProcess& process, absl::string_view option) {
  const Json* options = Find(process.description.process, "jobControlOptions");
  return options && options->is_array() &&
         std::find(options->begin(), options->end(),
                   Json(std::string(option))) != options->end();
}

// Whether to wait, and what of `Prefer` was done.
struct Mode {
  bool wait = false;
  absl::Duration limit;
  std::vector<std::string> applied;
};

Mode ModeOf(const ServedProcess& process, const Preferences& preferences,
            absl::Duration max_wait) {
  const bool async = Offers(process, "async-execute");
  // A process that says nothing can be waited for.
  const bool sync = Offers(process, "sync-execute") || !async;
  Mode mode;
  mode.wait = sync && !(preferences.respond_async && async &&
                        !preferences.wait.has_value());
  mode.limit = max_wait;
  if (mode.wait && preferences.wait) {
    mode.limit = std::min(max_wait, *preferences.wait);
    if (mode.limit == *preferences.wait) {
      mode.applied.push_back(
          absl::StrCat("wait=", absl::ToInt64Seconds(mode.limit)));
    }
  }
  if (preferences.respond_async && async) {
    mode.applied.push_back("respond-async");
  }
  return mode;
}

// A W3C trace context is 55 characters of hex and dashes; anything else is
// dropped rather than stored.
std::string TraceparentOf(const Request& request) {
  const absl::string_view given = request.Header("traceparent");
  const bool plain = std::all_of(
      given.begin(), given.end(),
      [](unsigned char c) { return absl::ascii_isxdigit(c) || c == '-'; });
  return given.size() == 55 && plain ? std::string(given) : std::string();
}

void AddApplied(const Mode& mode, Response& response) {
  if (!mode.applied.empty()) {
    response.headers.emplace_back("Preference-Applied",
                                  absl::StrJoin(mode.applied, ", "));
  }
}

Response Created(const Context& context, const Job& job) {
  Response response = JsonResponse(StatusInfo(job, context.urls), 201);
  response.headers.emplace_back("Location", context.urls.Job(job.id));
  return response;
}

// Why nothing can be executed now, if so.
std::optional<Problem> Unavailable(const ServedProcess& process) {
  switch (process.state) {
    case ProcessState::kAvailable:
      return std::nullopt;
    case ProcessState::kChecking: {
      Problem problem = PlainProblem(
          503, absl::StrCat("process ", process.id,
                            " is being checked by a worker; try again soon"));
      problem.headers.emplace_back("Retry-After", "5");
      return problem;
    }
    case ProcessState::kUnavailable:
      break;
  }
  // Permanent until the operator acts: this server cannot do it.
  Problem problem =
      PlainProblem(501, absl::StrCat("process ", process.id,
                                     " cannot be executed: ", process.reason));
  for (const Diagnostic& diagnostic : process.diagnostics) {
    if (diagnostic.level == Severity::kError) {
      problem.errors.push_back({"", diagnostic.text});
    }
  }
  return problem;
}

std::vector<std::string> BandNames(const Context& context,
                                   const ServedProcess& process) {
  std::vector<std::string> names;
  if (process.model_digest.empty()) return names;
  const auto record = context.deps.store.GetModel(process.model_digest);
  if (!record.ok()) return names;
  for (const ModelInput& input : record->model.inputs) {
    if (!input.is_imagery()) continue;
    for (const ModelBand& band : input.bands) names.push_back(band.name);
  }
  return names;
}

// The body as JSON. A body too deep or too long stays so: 400, not 429.
absl::StatusOr<Json> BodyOf(const Request& request) {
  auto body = ParseJson(request.body);
  if (!body.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the body: ", body.status().message()));
  }
  return body;
}

Response AnswerOf(const Context& context, const Request& request,
                  const Mode& mode, const Job& job) {
  if (IsFinal(VisibleState(job))) {
    Response response = RenderResults(context, request, job, 303);
    Mode honoured = mode;
    // It was not asynchronous after all.
    honoured.applied.erase(std::remove(honoured.applied.begin(),
                                       honoured.applied.end(), "respond-async"),
                           honoured.applied.end());
    AddApplied(honoured, response);
    return response;
  }
  Job shown = job;
  if (shown.message.empty()) {
    shown.message =
        "the job goes on; it is not in the list of jobs, keep its URL";
  }
  Response response = Created(context, shown);
  AddApplied(mode, response);
  return response;
}

}  // namespace

Answer Execute(const Context& context, const Request& request,
               const PathValues& values) {
  const std::string& id = values.find("processId")->second;
  const auto process = context.deps.catalog.Find(id);
  if (!process) return Render(NoSuchProcess(id), request);
  if (!IsJsonContent(request.Header("content-type"))) {
    return Render(
        PlainProblem(415, absl::StrCat("expected application/json, got \"",
                                       request.Header("content-type"), "\"")),
        request);
  }
  if (static_cast<int64_t>(request.body.size()) >
      context.options.max_body_bytes) {
    return Render(
        PlainProblem(413, absl::StrCat("a body of ", request.body.size(),
                                       " bytes exceeds the limit of ",
                                       context.options.max_body_bytes)),
        request);
  }
  const absl::string_view key = request.Header("idempotency-key");
  if (key.size() > kMaxIdempotencyKey) {
    return Render(ProblemFrom(absl::InvalidArgumentError(absl::StrCat(
                      "Idempotency-Key is ", key.size(),
                      " characters long; the limit is ", kMaxIdempotencyKey))),
                  request);
  }
  const auto body = BodyOf(request);
  if (!body.ok()) return Render(ProblemFrom(body.status()), request);
  if (const auto problem = Unavailable(*process)) {
    return Render(*problem, request);
  }
  ParsedExecute parsed = ParseExecute(
      *body, {*process, BandNames(context, *process), context.deps.policy});
  if (!parsed.errors.empty()) {
    return Render(InvalidRequest(std::move(parsed.errors)), request);
  }
  const Mode mode = ModeOf(*process, ParsePrefer(request.Header("prefer")),
                           context.options.sync_max_wait);

  Job job;
  job.process_id = process->id;
  job.model_digest = process->model_digest;
  if (!process->pool.empty()) job.pool = process->pool;
  job.request = std::move(parsed.request);
  job.listed = !mode.wait;
  job.traceparent = TraceparentOf(request);
  job.max_attempts = context.options.max_attempts;
  job.deadline = context.options.job_deadline;
  // In a space of their own, for the service has keys too (those of probes),
  // and one for each process, so that no key answers with another's job.
  const std::string own_key =
      key.empty() ? "" : absl::StrCat("client:", process->id, ":", key);
  auto submitted = context.deps.store.Submit(std::move(job), own_key);
  if (!submitted.ok()) return Render(ProblemFrom(submitted.status()), request);
  context.deps.wakeup.Send(Hint{Hint::Kind::kReady, submitted->pool});

  if (!mode.wait) {
    Response response = Created(context, *submitted);
    AddApplied(mode, response);
    return response;
  }
  // An idempotency key may have found a job that has ended already.
  if (IsFinal(submitted->state)) {
    return AnswerOf(context, request, mode, *submitted);
  }
  Parked parked;
  parked.job_id = submitted->id;
  parked.deadline = context.deps.clock.Now() + mode.limit;
  // The body is not needed again and may be large.
  Request later = request;
  later.body.clear();
  parked.done = [&context, later = std::move(later), mode,
                 job_id = submitted->id](const absl::StatusOr<Job>& ended) {
    if (!ended.ok()) {
      if (absl::IsNotFound(ended.status())) {
        return Render(NoSuchJob(job_id), later);
      }
      return Render(ProblemFrom(ended.status()), later);
    }
    return AnswerOf(context, later, mode, *ended);
  };
  return parked;
}

}  // namespace pushbroom::api
