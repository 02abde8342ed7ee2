#include "service/api/results.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/api/jobs.h"
#include "service/api/negotiation.h"
#include "service/api/problem.h"
#include "service/api/status_info.h"
#include "service/core/base/ids.h"

namespace pushbroom::api {
namespace {

constexpr char kGeoJson[] = "application/geo+json";

// One output as it is delivered: a file by its URL, or a value.
struct Delivery {
  std::string id;
  std::string media_type;
  bool is_file = false;
  bool by_reference = false;
  Json value;
};

// "storage:<key>" means nothing to a client: the output with that key does.
void PublishHrefs(const Context& context, const Job& job, Json& item) {
  if (!item.is_object() || !item.contains("assets")) return;
  for (Json& asset : item["assets"]) {
    if (!asset.is_object()) continue;
    std::string href = StringOr(asset, "href");
    absl::string_view key = href;
    if (!absl::ConsumePrefix(&key, kStorageScheme)) continue;
    for (const auto& [id, output] : job.result->outputs) {
      if (output.key == key) {
        asset["href"] = context.urls.Result(job.id, id);
        break;
      }
    }
  }
}

std::optional<Delivery> DeliveryOf(const Context& context, const Job& job,
                                   const std::string& id) {
  Delivery delivery;
  delivery.id = id;
  const auto& outputs = job.result->outputs;
  const auto it = outputs.find(id);
  if (it != outputs.end()) {
    delivery.media_type = it->second.media_type;
    delivery.is_file = !it->second.key.empty();
    delivery.value = it->second.value;
  } else if (id != kItemOutput || job.result->item.is_null()) {
    return std::nullopt;
  }
  if (id == kItemOutput && !delivery.is_file) {
    if (delivery.value.is_null()) delivery.value = job.result->item;
    PublishHrefs(context, job, delivery.value);
    if (delivery.media_type.empty()) delivery.media_type = kGeoJson;
  }
  if (delivery.media_type.empty()) {
    delivery.media_type =
        delivery.value.is_string() ? "text/plain; charset=utf-8" : kJsonMedia;
  }
  if (job.request.outputs) {
    const auto asked = job.request.outputs->find(id);
    if (asked == job.request.outputs->end()) return std::nullopt;
    delivery.by_reference = asked->second.by_reference;
  }
  return delivery;
}

// Those that were asked for and are there.
std::vector<Delivery> Deliveries(const Context& context, const Job& job) {
  std::vector<Delivery> deliveries;
  const auto add = [&](const std::string& id) {
    if (auto delivery = DeliveryOf(context, job, id)) {
      deliveries.push_back(*std::move(delivery));
    }
  };
  for (const auto& [id, output] : job.result->outputs) add(id);
  if (job.result->outputs.count(kItemOutput) == 0) add(kItemOutput);
  return deliveries;
}

std::string BytesOf(const Delivery& delivery) {
  if (delivery.value.is_string() && !IsJsonContent(delivery.media_type)) {
    return delivery.value.get<std::string>();
  }
  return DumpJson(delivery.value);
}

Response RenderOne(const Context& context, const Job& job,
                   const Delivery& delivery, int redirect) {
  Response response;
  if (!delivery.is_file) {
    response.content_type = delivery.media_type;
    response.body = BytesOf(delivery);
    return response;
  }
  response.status = redirect;
  response.headers.emplace_back(
      "Location",
      absl::StrCat(context.options.files_url,
                   context.deps.tokens.Sign(
                       absl::StrCat("/results/", job.id, "/", delivery.id),
                       context.options.file_link_lifetime)));
  // The signature in Location ends before caches would.
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response RenderReferences(const Context& context, const Job& job,
                          const std::vector<Delivery>& deliveries) {
  Response response;
  response.status = 204;
  for (const Delivery& delivery : deliveries) {
    response.headers.emplace_back(
        "Link",
        absl::StrCat("<", context.urls.Result(job.id, delivery.id),
                     ">; rel=\"item\"; type=\"", EssenceOf(delivery.media_type),
                     "\"; title=\"", delivery.id, "\""));
  }
  return response;
}

// RFC 2387. A referenced output is an empty part with Content-Location.
Response RenderMultipart(const Context& context, const Job& job,
                         const std::vector<Delivery>& deliveries) {
  const std::string boundary = absl::StrCat("part-", NewUuid());
  Response response;
  response.content_type =
      absl::StrCat("multipart/related; boundary=", boundary, "; type=\"",
                   EssenceOf(deliveries.front().media_type), "\"; start=\"<",
                   deliveries.front().id, ">\"");
  for (const Delivery& delivery : deliveries) {
    absl::StrAppend(&response.body, "--", boundary,
                    "\r\nContent-Type: ", delivery.media_type,
                    "\r\nContent-ID: <", delivery.id, ">\r\n");
    if (delivery.is_file || delivery.by_reference) {
      absl::StrAppend(&response.body, "Content-Location: ",
                      context.urls.Result(job.id, delivery.id), "\r\n\r\n\r\n");
    } else {
      absl::StrAppend(&response.body, "\r\n", BytesOf(delivery), "\r\n");
    }
  }
  absl::StrAppend(&response.body, "--", boundary, "--\r\n");
  return response;
}

// results.yaml: objects are wrapped, so that they are no links.
Response RenderDocument(const Context& context, const Job& job,
                        const std::vector<Delivery>& deliveries) {
  Json document = Json::object();
  for (const Delivery& delivery : deliveries) {
    if (delivery.is_file || delivery.by_reference) {
      document[delivery.id] = {
          {"href", context.urls.Result(job.id, delivery.id)},
          {"type", delivery.media_type}};
    } else if (delivery.value.is_object()) {
      document[delivery.id] = {{"value", delivery.value},
                               {"mediaType", EssenceOf(delivery.media_type)}};
    } else {
      document[delivery.id] = delivery.value;
    }
  }
  return JsonResponse(document);
}

}  // namespace

Response RenderResults(const Context& context, const Request& request,
                       const Job& job, int redirect) {
  switch (VisibleState(job)) {
    case JobState::kAccepted:
    case JobState::kRunning:
      return Render(ResultNotReady(job), request);
    case JobState::kDismissed:
      return Render(ResultNotAvailable(job, "was dismissed"), request);
    case JobState::kFailed:
      return Render(ProblemOfJob(job.error.value_or(JobError())), request);
    case JobState::kSuccessful:
      break;
  }
  if (!job.result) {
    return Render(ResultNotAvailable(job, "left no result"), request);
  }
  if (job.request.outputs && job.request.outputs->empty()) {
    // "outputs": {} asks to run and to answer nothing.
    if (redirect == 303) {
      Response nothing;
      nothing.status = 204;
      return nothing;
    }
    return Render(ResultNotAvailable(job, "was asked for no outputs"), request);
  }
  const std::vector<Delivery> deliveries = Deliveries(context, job);
  if (job.request.document) return RenderDocument(context, job, deliveries);
  if (deliveries.empty()) {
    return Render(ResultNotAvailable(job, "gave none of the outputs asked for"),
                  request);
  }
  size_t references = 0;
  for (const Delivery& delivery : deliveries) {
    references += delivery.by_reference;
  }
  if (references == deliveries.size()) {
    return RenderReferences(context, job, deliveries);
  }
  if (deliveries.size() == 1) {
    return RenderOne(context, job, deliveries.front(), redirect);
  }
  return RenderMultipart(context, job, deliveries);
}

Answer GetResults(const Context& context, const Request& request,
                  const PathValues& values) {
  const std::string& id = values.find("jobId")->second;
  const auto job = FindJob(context, id);
  if (!job.ok()) return RenderJobError(job.status(), id, request);
  return RenderResults(context, request, *job, 307);
}

Answer GetResult(const Context& context, const Request& request,
                 const PathValues& values) {
  const std::string& id = values.find("jobId")->second;
  const std::string& output = values.find("outputId")->second;
  const auto job = FindJob(context, id);
  if (!job.ok()) return RenderJobError(job.status(), id, request);
  if (VisibleState(*job) != JobState::kSuccessful || !job->result) {
    return RenderResults(context, request, *job, 307);
  }
  const auto delivery = DeliveryOf(context, *job, output);
  if (!delivery) return Render(NoSuchOutput(id, output), request);
  return RenderOne(context, *job, *delivery, 307);
}

}  // namespace pushbroom::api
