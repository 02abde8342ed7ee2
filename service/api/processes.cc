#include "service/api/processes.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/api/negotiation.h"
#include "service/api/problem.h"

namespace pushbroom::api {
namespace {

constexpr int64_t kDefaultLimit = 10;
constexpr int64_t kMaxLimit = 10'000;

absl::string_view NameOf(ProcessState state) {
  switch (state) {
    case ProcessState::kAvailable:
      return "available";
    case ProcessState::kChecking:
      return "checking";
    case ProcessState::kUnavailable:
      return "unavailable";
  }
  return "unavailable";
}

// What is beside the standard's members says whether the model can run.
void AddState(const ServedProcess& process, Json& json) {
  if (process.model_digest.empty()) return;
  json["pushbroom:state"] = std::string(NameOf(process.state));
  if (!process.reason.empty()) json["pushbroom:reason"] = process.reason;
  json["pushbroom:diagnostics"] = ToJson(process.diagnostics);
}

// Every word of `q` must occur somewhere.
bool Mentions(const ServedProcess& process, absl::string_view q) {
  const Json& summary = process.description.summary;
  std::string text = absl::StrCat(process.id, " ", StringOr(summary, "title"),
                                  " ", StringOr(summary, "description"));
  if (const Json* keywords = Find(summary, "keywords")) {
    for (const Json& keyword : *keywords) {
      if (keyword.is_string()) {
        absl::StrAppend(&text, " ", keyword.get<std::string>());
      }
    }
  }
  absl::AsciiStrToLower(&text);
  const std::string wanted = absl::AsciiStrToLower(q);
  const std::vector<std::string> words =
      absl::StrSplit(wanted, absl::ByAnyChar(" ,"), absl::SkipEmpty());
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return text.find(word) != std::string::npos;
  });
}

}  // namespace

Answer ListProcesses(const Context& context, const Request& request) {
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  int64_t limit = kDefaultLimit;
  int64_t offset = 0;
  if (const std::string* text = request.Query("limit");
      text && !ParseCount(*text, 1, kMaxLimit, limit)) {
    return Render(InvalidQuery("limit", *text, "an integer from 1 to 10000"),
                  request);
  }
  if (const std::string* text = request.Query("offset");
      text && !ParseCount(*text, 0, 1'000'000, offset)) {
    return Render(InvalidQuery("offset", *text, "an integer from 0"), request);
  }
  const std::string* q = request.Query("q");
  Json processes = Json::array();
  int64_t matched = 0;
  for (const auto& process : context.deps.catalog.List()) {
    if (q && !Mentions(*process, *q)) continue;
    const int64_t position = matched++;
    if (position < offset || position >= offset + limit) continue;
    Json summary = process->description.summary;
    summary["links"] =
        Json::array({Link(context.urls.Process(process->id), "self", kJsonMedia,
                          "the process description")});
    AddState(*process, summary);
    processes.push_back(std::move(summary));
  }
  return JsonResponse({{"processes", std::move(processes)},
                       {"links", PageLinks(context.urls, "/processes", request,
                                           offset, limit, matched)},
                       {"numberMatched", matched}});
}

Answer GetProcess(const Context& context, const Request& request,
                  const PathValues& values) {
  const std::string& id = values.find("processId")->second;
  const auto process = context.deps.catalog.Find(id);
  if (!process) return Render(NoSuchProcess(id), request);
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  Json description = process->description.process;
  description["links"] = Json::array(
      {Link(context.urls.Process(id), "self", kJsonMedia, "this description"),
       Link(context.urls.Execution(id), kRelExecute, kJsonMedia,
            "execute the process"),
       Link(absl::StrCat(context.urls.Process(id), "?f=json"), "alternate",
            kJsonMedia, "this description as JSON")});
  AddState(*process, description);
  return JsonResponse(description);
}

}  // namespace pushbroom::api
