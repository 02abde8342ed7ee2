#include "service/publish/callback_delivery.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "schemas/geo_types.h"
#include "schemas/job_result.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

Json StatusInfo(const Job& job, const CallbackOptions& options) {
  Json info = {{"jobID", job.id},
               {"processID", job.process_id},
               {"type", "process"},
               {"status", std::string(NameOf(job.state))},
               {"progress", job.progress},
               {"created", FormatRfc3339(job.created)},
               {"updated", FormatRfc3339(job.updated)},
               {"links", Json::array({{{"rel", "self"},
                                       {"href", absl::StrCat(options.public_url,
                                                             "/jobs/", job.id)},
                                       {"type", "application/json"}}})}};
  const std::string message = job.error ? job.error->message : job.message;
  if (!message.empty()) info["message"] = message;
  if (job.started) info["started"] = FormatRfc3339(*job.started);
  if (job.finished) info["finished"] = FormatRfc3339(*job.finished);
  return info;
}

// The item names objects in storage; the client is given their URLs.
Json WithUrls(Json item, const Job& job, const CallbackOptions& options) {
  if (!item.is_object() || !item.contains("assets")) return item;
  for (Json& asset : item["assets"]) {
    const std::string href = StringOr(asset, "href");
    for (const auto& [id, output] : job.result->outputs) {
      if (!output.key.empty() &&
          href == absl::StrCat(kStorageScheme, output.key)) {
        asset["href"] =
            absl::StrCat(options.public_url, "/jobs/", job.id, "/results/", id);
      }
    }
  }
  return item;
}

Json Results(const Job& job, const CallbackOptions& options,
             const FileTokens& tokens) {
  Json results = Json::object();
  for (const auto& [id, output] : job.result->outputs) {
    if (output.key.empty()) {
      results[id] = id == kItemOutput ? WithUrls(output.value, job, options)
                                      : output.value;
      continue;
    }
    const std::string path = absl::StrCat("/results/", job.id, "/", id);
    results[id] = {
        {"href", absl::StrCat(options.files_url,
                              tokens.Sign(path, options.link_lifetime))},
        {"type", output.media_type}};
  }
  if (!results.contains(kItemOutput) && job.result->item.is_object()) {
    results[kItemOutput] = WithUrls(job.result->item, job, options);
  }
  return results;
}

// What the payload names, else what the request asked for this state.
std::string UriOf(const OutboxEntry& entry, const Job& job) {
  for (const char* key : {"uri", "url", "href"}) {
    const std::string uri = StringOr(entry.payload, key);
    if (!uri.empty()) return uri;
  }
  switch (job.state) {
    case JobState::kSuccessful:
      return job.request.success_uri;
    case JobState::kFailed:
    case JobState::kDismissed:
      return job.request.failed_uri;
    case JobState::kAccepted:
    case JobState::kRunning:
      return job.request.in_progress_uri;
  }
  return "";
}

}  // namespace

Json CallbackBody(const Job& job, const CallbackOptions& options,
                  const FileTokens& tokens) {
  return job.state == JobState::kSuccessful && job.result
             ? Results(job, options, tokens)
             : StatusInfo(job, options);
}

CallbackDelivery::CallbackDelivery(CallbackOptions options,
                                   const FileTokens& tokens, Send send)
    : options_(std::move(options)), tokens_(tokens), send_(std::move(send)) {}

absl::Status CallbackDelivery::Deliver(const OutboxEntry& entry,
                                       const Job& job) {
  HttpRequest request;
  request.method = "POST";
  request.url = UriOf(entry, job);
  if (request.url.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", job.id, " names no URL to call back"));
  }
  request.headers["Content-Type"] = "application/json";
  request.body = DumpJson(CallbackBody(job, options_, tokens_));
  request.max_bytes = 64 << 10;  // nobody reads the answer
  request.timeout = options_.timeout;
  request.max_redirects = 0;
  PB_ASSIGN_OR_RETURN(const HttpResponse response, send_(request));
  if (response.status >= 200 && response.status < 300) {
    Log(LogLevel::kInfo, "callback delivered",
        {{"job", job.id}, {"status", absl::StrCat(response.status)}});
    return absl::OkStatus();
  }
  const std::string message =
      absl::StrCat("the callback URL answered ", response.status);
  const bool again = response.status == 408 || response.status == 425 ||
                     response.status == 429 || response.status >= 500;
  return again ? absl::UnavailableError(message)
               : absl::InvalidArgumentError(message);
}

}  // namespace pushbroom
