#include "schemas/job_result.h"

#include "schemas/json_fields.h"

namespace pushbroom {

Json ToJson(const JobResult& result) {
  using json_fields::Put;
  Json outputs = Json::object();
  for (const auto& [id, output] : result.outputs) {
    Json json = {{"media_type", output.media_type},
                 {"size_bytes", output.size_bytes}};
    Put(json, "key", output.key);
    Put(json, "sha256", output.sha256);
    if (output.key.empty()) json["value"] = output.value;
    outputs[id] = std::move(json);
  }
  return {{"outputs", std::move(outputs)},
          {"item", result.item},
          {"collection", result.collection},
          {"summary", result.summary}};
}

absl::StatusOr<JobResult> JobResultFromJson(const Json& json) {
  using json_fields::Get;
  if (!json.is_object()) {
    return absl::InvalidArgumentError("a job result is a JSON object");
  }
  JobResult result;
  if (const Json* outputs = Find(json, "outputs")) {
    for (const auto& [id, value] : outputs->items()) {
      OutputValue& output = result.outputs[id];
      PB_RETURN_IF_ERROR(Get(value, "key", output.key));
      PB_RETURN_IF_ERROR(Get(value, "media_type", output.media_type));
      PB_RETURN_IF_ERROR(Get(value, "size_bytes", output.size_bytes));
      PB_RETURN_IF_ERROR(Get(value, "sha256", output.sha256));
      PB_RETURN_IF_ERROR(Get(value, "value", output.value));
    }
  }
  PB_RETURN_IF_ERROR(Get(json, "item", result.item));
  PB_RETURN_IF_ERROR(Get(json, "collection", result.collection));
  PB_RETURN_IF_ERROR(Get(json, "summary", result.summary));
  return result;
}

}  // namespace pushbroom
