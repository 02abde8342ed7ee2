#include "schemas/execute_request.h"

#include "schemas/json_fields.h"

namespace pushbroom {
namespace {

using json_fields::Get;
using json_fields::Put;

Json ToJson(const SceneReference& reference) {
  Json json = Json::object();
  Put(json, "href", reference.href);
  Put(json, "type", reference.type);
  if (!reference.item.is_null()) json["item"] = reference.item;
  return json;
}

absl::Status Read(const Json& json, SceneReference& reference) {
  PB_RETURN_IF_ERROR(Get(json, "href", reference.href));
  PB_RETURN_IF_ERROR(Get(json, "type", reference.type));
  return Get(json, "item", reference.item);
}

}  // namespace

Json ToJson(const ExecuteRequest& request) {
  Json json = Json::object();
  Json scenes = Json::object();
  for (const auto& [id, references] : request.scenes) {
    scenes[id] = Json::array();
    for (const SceneReference& r : references) scenes[id].push_back(ToJson(r));
  }
  json["scenes"] = std::move(scenes);
  json["bands"] = Json::object();
  for (const auto& [name, binding] : request.bands) {
    json["bands"][name] = {{"asset", binding.asset}, {"band", binding.band}};
  }
  if (request.bbox) json["bbox"] = ToJson(*request.bbox);
  Put(json, "resolution", request.resolution);
  Put(json, "overlap", request.overlap);
  Put(json, "batch_size", request.batch_size);
  Put(json, "threshold", request.threshold);
  json["probabilities"] = request.probabilities;
  json["radiometry"] = request.radiometry;
  Put(json, "radiometry_scale", request.radiometry_scale);
  Put(json, "radiometry_offset", request.radiometry_offset);
  Put(json, "collection", request.collection);
  Put(json, "item_id", request.item_id);
  json["values"] = request.values;
  if (request.outputs) {
    json["outputs"] = Json::object();
    for (const auto& [id, output] : *request.outputs) {
      json["outputs"][id] = {{"by_reference", output.by_reference},
                             {"media_type", output.media_type}};
    }
  }
  json["document"] = request.document;
  Put(json, "success_uri", request.success_uri);
  Put(json, "in_progress_uri", request.in_progress_uri);
  Put(json, "failed_uri", request.failed_uri);
  return json;
}

absl::StatusOr<ExecuteRequest> ExecuteRequestFromJson(const Json& json) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError("an execute request is a JSON object");
  }
  ExecuteRequest request;
  if (const Json* scenes = Find(json, "scenes")) {
    for (const auto& [id, references] : scenes->items()) {
      for (const Json& reference : references) {
        SceneReference scene;
        PB_RETURN_IF_ERROR(Read(reference, scene));
        request.scenes[id].push_back(std::move(scene));
      }
    }
  }
  if (const Json* bands = Find(json, "bands")) {
    for (const auto& [name, value] : bands->items()) {
      BandBinding& binding = request.bands[name];
      PB_RETURN_IF_ERROR(Get(value, "asset", binding.asset));
      PB_RETURN_IF_ERROR(Get(value, "band", binding.band));
    }
  }
  if (const Json* bbox = Find(json, "bbox")) {
    PB_ASSIGN_OR_RETURN(request.bbox, BboxFromJson(*bbox));
  }
  PB_RETURN_IF_ERROR(Get(json, "resolution", request.resolution));
  PB_RETURN_IF_ERROR(Get(json, "overlap", request.overlap));
  PB_RETURN_IF_ERROR(Get(json, "batch_size", request.batch_size));
  PB_RETURN_IF_ERROR(Get(json, "threshold", request.threshold));
  PB_RETURN_IF_ERROR(Get(json, "probabilities", request.probabilities));
  PB_RETURN_IF_ERROR(Get(json, "radiometry", request.radiometry));
  PB_RETURN_IF_ERROR(Get(json, "radiometry_scale", request.radiometry_scale));
  PB_RETURN_IF_ERROR(Get(json, "radiometry_offset", request.radiometry_offset));
  PB_RETURN_IF_ERROR(Get(json, "collection", request.collection));
  PB_RETURN_IF_ERROR(Get(json, "item_id", request.item_id));
  PB_RETURN_IF_ERROR(Get(json, "values", request.values));
  if (const Json* outputs = Find(json, "outputs")) {
    request.outputs.emplace();
    for (const auto& [id, value] : outputs->items()) {
      OutputRequest& output = (*request.outputs)[id];
      PB_RETURN_IF_ERROR(Get(value, "by_reference", output.by_reference));
      PB_RETURN_IF_ERROR(Get(value, "media_type", output.media_type));
    }
  }
  PB_RETURN_IF_ERROR(Get(json, "document", request.document));
  PB_RETURN_IF_ERROR(Get(json, "success_uri", request.success_uri));
  PB_RETURN_IF_ERROR(Get(json, "in_progress_uri", request.in_progress_uri));
  PB_RETURN_IF_ERROR(Get(json, "failed_uri", request.failed_uri));
  return request;
}

}  // namespace pushbroom
