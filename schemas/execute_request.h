// What a client asks of a process, after it was checked against the process
// description: nothing here needs to be validated again but what references
// lead to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/geo_types.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// One piece of imagery: exactly one of `href` and `item` is given.
struct SceneReference {
  std::string href;  // file:, http(s):, upload: — a raster or a STAC Item
  std::string type;  // media type the client gave; may be empty
  Json item;         // a STAC Item by value, else null
};

/// Where one band of the model is found, as the client says.
/// JSON: "asset", "asset:2" or {"asset":…,"band":n}; a number alone is the
/// band number of a single raster. Band numbers begin with 1.
struct BandBinding {
  std::string asset;  // empty: the raster itself
  int band = 1;
};

struct OutputRequest {
  bool by_reference = false;  // transmissionMode
  std::string media_type;     // empty: the output's first
};

struct ExecuteRequest {
  // Imagery by input id, in the order given.
  std::map<std::string, std::vector<SceneReference>> scenes;
  // Band name (of the model) → where it is. Empty: matched by name.
  std::map<std::string, BandBinding> bands;
  std::optional<Bbox> bbox;
  std::optional<double> resolution;  // units of the target CRS
  std::optional<int> overlap;        // pixels
  std::optional<int> batch_size;
  std::optional<double> threshold;  // of the probability, 0..1
  bool probabilities = false;       // also write the probabilities raster
  // "auto" applies raster:scale/offset as radiometry rules say, "none" feeds
  // stored values; or numbers to use for every band.
  std::string radiometry = "auto";
  std::optional<double> radiometry_scale, radiometry_offset;
  std::string collection;  // of the result item; empty: configured
  std::string item_id;     // empty: the job's id
  // Every other literal input by id: inference.* and those of built-in
  // processes. Values as checked against the input's schema.
  Json values = Json::object();

  // Outputs asked for; absent: all, by value.
  std::optional<std::map<std::string, OutputRequest>> outputs;
  bool document = false;  // response: document (else raw)
  std::string success_uri, in_progress_uri, failed_uri;
};

Json ToJson(const ExecuteRequest& request);
absl::StatusOr<ExecuteRequest> ExecuteRequestFromJson(const Json& json);

}  // namespace pushbroom
