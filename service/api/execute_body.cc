#include "service/api/execute_body.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/input_values.h"
#include "service/api/negotiation.h"
#include "service/core/base/status.h"

namespace pushbroom::api {
namespace {

std::string Nearby(const Json& known) {
  std::vector<std::string> ids;
  for (const auto& [name, description] : known.items()) ids.push_back(name);
  if (ids.empty()) return "; it has none";
  return absl::StrCat("; it has ", absl::StrJoin(ids, ", "));
}

void ParseInputs(const Json& body, const ExecuteContext& context,
                 ParsedExecute& parsed) {
  const Json none = Json::object();
  const Json* found = Find(context.process.description.process, "inputs");
  const Json& known = found ? *found : none;
  const Json* given = Find(body, "inputs");
  if (given && !given->is_object()) {
    parsed.errors.push_back(
        {"/inputs", "inputs must be an object of values by input id"});
    return;
  }
  if (!given) given = &none;
  InputReader reader(context, parsed);
  for (const auto& [id, value] : given->items()) {
    const std::string pointer = absl::StrCat("/inputs/", PointerToken(id));
    const Json* description = Find(known, id);
    if (!description) {
      parsed.errors.push_back(
          {pointer, absl::StrCat("process ", context.process.id,
                                 " has no input \"", id, "\"", Nearby(known))});
      continue;
    }
    reader.Read(id, *description, value, pointer);
  }
  for (const auto& [id, description] : known.items()) {
    const Json* least = Find(description, "minOccurs");
    const bool required =
        !least || !least->is_number_integer() || least->get<int>() > 0;
    if (required && !given->contains(id)) {
      parsed.errors.push_back({"/inputs", absl::StrCat("the required input \"",
                                                       id, "\" is missing")});
    }
  }
}

std::vector<std::string> MediaTypesOf(const Json& description) {
  std::vector<std::string> types;
  const Json* schema = Find(description, "schema");
  if (!schema) return types;
  const auto add = [&](const Json& branch) {
    const std::string media = StringOr(branch, "contentMediaType");
    if (!media.empty()) types.push_back(media);
  };
  add(*schema);
  for (const char* word : {"oneOf", "anyOf"}) {
    if (const Json* branches = Find(*schema, word)) {
      for (const Json& branch : *branches) add(branch);
    }
  }
  return types;
}

void ParseOutput(const std::string& id, const Json& asked,
                 const Json& description, const ExecuteContext& context,
                 ParsedExecute& parsed) {
  const std::string pointer = absl::StrCat("/outputs/", PointerToken(id));
  OutputRequest output;
  if (!asked.is_object()) {
    parsed.errors.push_back({pointer, "expected an object"});
    return;
  }
  if (const Json* mode = Find(asked, "transmissionMode")) {
    output.by_reference = *mode == "reference";
    if (!output.by_reference && *mode != "value") {
      parsed.errors.push_back(
          {absl::StrCat(pointer, "/transmissionMode"),
           absl::StrCat("expected \"value\" or \"reference\", got ",
                        DumpJson(*mode))});
    }
    const Json* offered =
        Find(context.process.description.process, "outputTransmission");
    if (output.by_reference && offered && offered->is_array() &&
        std::find(offered->begin(), offered->end(), "reference") ==
            offered->end()) {
      parsed.errors.push_back(
          {absl::StrCat(pointer, "/transmissionMode"),
           absl::StrCat("process ", context.process.id,
                        " gives its outputs by value only")});
    }
  }
  const Json* format = Find(asked, "format");
  output.media_type = StringOr(format ? *format : asked, "mediaType");
  const std::vector<std::string> offered = MediaTypesOf(description);
  if (!output.media_type.empty() && !offered.empty()) {
    const auto fits = [&](const std::string& media) {
      return EssenceOf(media) == EssenceOf(output.media_type);
    };
    const auto media = std::find_if(offered.begin(), offered.end(), fits);
    if (media == offered.end()) {
      parsed.errors.push_back(
          {absl::StrCat(pointer, "/format/mediaType"),
           absl::StrCat("output ", id, " is not offered as \"",
                        output.media_type, "\"; it is offered as ",
                        absl::StrJoin(offered, ", "))});
    } else {
      output.media_type = *media;
    }
  }
  (*parsed.request.outputs)[id] = std::move(output);
}

void ParseOutputs(const Json& body, const ExecuteContext& context,
                  ParsedExecute& parsed) {
  const Json* given = Find(body, "outputs");
  if (!given) return;
  parsed.request.outputs.emplace();
  if (!given->is_object()) {
    parsed.errors.push_back(
        {"/outputs", "outputs must be an object by output id"});
    return;
  }
  const Json none = Json::object();
  const Json* found = Find(context.process.description.process, "outputs");
  const Json& known = found ? *found : none;
  for (const auto& [id, asked] : given->items()) {
    if (const Json* description = Find(known, id)) {
      ParseOutput(id, asked, *description, context, parsed);
    } else {
      parsed.errors.push_back(
          {absl::StrCat("/outputs/", PointerToken(id)),
           absl::StrCat("process ", context.process.id, " has no output \"", id,
                        "\"", Nearby(known))});
    }
  }
}

void ParseSubscriber(const Json& body, const ExecuteContext& context,
                     ParsedExecute& parsed) {
  const Json* subscriber = Find(body, "subscriber");
  if (!subscriber) return;
  if (!subscriber->is_object()) {
    parsed.errors.push_back({"/subscriber", "subscriber must be an object"});
    return;
  }
  const auto read = [&](const char* name, std::string& uri) {
    const Json* given = Find(*subscriber, name);
    if (!given) return;
    const std::string pointer = absl::StrCat("/subscriber/", name);
    if (!given->is_string()) {
      parsed.errors.push_back({pointer, "expected a URI"});
      return;
    }
    const auto checked = context.policy.Check(given->get<std::string>());
    if (!checked.ok()) {
      parsed.errors.push_back(
          {pointer, std::string(checked.status().message())});
    } else if (checked->kind != CheckedUrl::Kind::kHttp) {
      parsed.errors.push_back({pointer, "expected an http(s) URI"});
    } else {
      uri = checked->url;
    }
  };
  read("successUri", parsed.request.success_uri);
  read("inProgressUri", parsed.request.in_progress_uri);
  read("failedUri", parsed.request.failed_uri);
}

}  // namespace

ParsedExecute ParseExecute(const Json& body, const ExecuteContext& context) {
  ParsedExecute parsed;
  if (!body.is_object()) {
    parsed.errors.push_back(
        {"", absl::StrCat("an execute request is a JSON object, got ",
                          body.type_name())});
    return parsed;
  }
  ParseInputs(body, context, parsed);
  ParseOutputs(body, context, parsed);
  if (const Json* response = Find(body, "response")) {
    parsed.request.document = *response == "document";
    if (!parsed.request.document && *response != "raw") {
      parsed.errors.push_back(
          {"/response", absl::StrCat("expected \"raw\" or \"document\", got ",
                                     DumpJson(*response))});
    }
  }
  ParseSubscriber(body, context, parsed);
  return parsed;
}

}  // namespace pushbroom::api
