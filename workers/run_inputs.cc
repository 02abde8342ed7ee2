#include "workers/run_inputs.h"

#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "schemas/band_binding.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

absl::Status Wrong(absl::string_view expected, absl::string_view value) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", expected, ", got \"", value, "\""));
}

absl::Status ReadNumber(const std::string& value, std::optional<double>& out) {
  double number = 0;
  if (!absl::SimpleAtod(value, &number) || !std::isfinite(number)) {
    return Wrong("a number", value);
  }
  out = number;
  return absl::OkStatus();
}

absl::Status ReadInteger(const std::string& value, std::optional<int>& out) {
  int number = 0;
  if (!absl::SimpleAtoi(value, &number)) return Wrong("an integer", value);
  out = number;
  return absl::OkStatus();
}

absl::Status ReadId(const std::string& value, std::string& out) {
  if (!IsValidId(value)) {
    return Wrong("an id of letters, digits, '.', '_' and '-'", value);
  }
  out = value;
  return absl::OkStatus();
}

absl::Status ReadBbox(const std::string& value, std::optional<Bbox>& out) {
  Json json;
  if (absl::StartsWith(value, "{") || absl::StartsWith(value, "[")) {
    PB_ASSIGN_OR_RETURN(json, ParseJson(value));
    if (json.is_array()) json = Json({{"bbox", json}});
  } else {
    const std::vector<std::string> parts = absl::StrSplit(value, ',');
    json = {{"bbox", Json::array()}};
    for (const std::string& part : parts) {
      double number = 0;
      if (json["bbox"].size() >= 4) {
        json["crs"] = part;
      } else if (absl::SimpleAtod(part, &number)) {
        json["bbox"].push_back(number);
      }
    }
    if (parts.size() < 4 || parts.size() > 5 || json["bbox"].size() != 4) {
      return Wrong("w,s,e,n or w,s,e,n,EPSG:n", value);
    }
  }
  PB_ASSIGN_OR_RETURN(out, BboxFromJson(json));
  return absl::OkStatus();
}

absl::Status ReadBands(const std::string& value,
                       const std::vector<std::string>& names,
                       std::map<std::string, BandBinding>& out) {
  PB_ASSIGN_OR_RETURN(const Json json, ParseJson(value));
  if (json.is_object()) {
    for (const auto& [name, where] : json.items()) {
      PB_ASSIGN_OR_RETURN(out[name], BandBindingFromJson(where));
    }
    return absl::OkStatus();
  }
  if (!json.is_array()) return Wrong("a JSON object or array", value);
  if (json.size() != names.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("as an array, bands names all ", names.size(),
                     " bands of the model in their order; got ", json.size()));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    PB_ASSIGN_OR_RETURN(out[names[i]], BandBindingFromJson(json[i]));
  }
  return absl::OkStatus();
}

absl::Status ReadRadiometry(const std::string& value, ExecuteRequest& request) {
  if (value == "auto" || value == "none") {
    request.radiometry = value;
    return absl::OkStatus();
  }
  if (!absl::StartsWith(value, "{")) {
    return Wrong("auto, none or {\"scale\":…,\"offset\":…}", value);
  }
  PB_ASSIGN_OR_RETURN(const Json json, ParseJson(value));
  for (const auto& [name, number] : json.items()) {
    auto& out =
        name == "scale" ? request.radiometry_scale : request.radiometry_offset;
    if ((name != "scale" && name != "offset") || !number.is_number()) {
      return Wrong("numbers named scale and offset", value);
    }
    out = number.get<double>();
  }
  return absl::OkStatus();
}

absl::Status ReadBoolean(const std::string& value, bool& out) {
  if (value != "true" && value != "false") return Wrong("true or false", value);
  out = value == "true";
  return absl::OkStatus();
}

absl::Status Apply(const std::string& name, const std::string& value,
                   const std::vector<std::string>& band_names,
                   ExecuteRequest& request) {
  if (name == "bbox") return ReadBbox(value, request.bbox);
  if (name == "bands") return ReadBands(value, band_names, request.bands);
  if (name == "resolution") return ReadNumber(value, request.resolution);
  if (name == "overlap") return ReadInteger(value, request.overlap);
  if (name == "batch_size") return ReadInteger(value, request.batch_size);
  if (name == "threshold") return ReadNumber(value, request.threshold);
  if (name == "probabilities") {
    return ReadBoolean(value, request.probabilities);
  }
  if (name == "radiometry") return ReadRadiometry(value, request);
  if (name == "radiometry_scale") {
    return ReadNumber(value, request.radiometry_scale);
  }
  if (name == "radiometry_offset") {
    return ReadNumber(value, request.radiometry_offset);
  }
  if (name == "collection") return ReadId(value, request.collection);
  if (name == "item_id") return ReadId(value, request.item_id);
  return absl::InvalidArgumentError(
      "there is no such input; known are bbox, bands, resolution, overlap, "
      "batch_size, threshold, probabilities, radiometry, radiometry_scale, "
      "radiometry_offset, collection and item_id");
}

}  // namespace

absl::Status ApplyInput(absl::string_view text,
                        const std::vector<std::string>& band_names,
                        ExecuteRequest& request) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return Wrong("NAME=VALUE", text);
  }
  const std::string name(text.substr(0, equals));
  return Annotate(
      Apply(name, std::string(text.substr(equals + 1)), band_names, request),
      absl::StrCat("input ", name));
}

}  // namespace pushbroom
