// The inputs that every model process shares, by their ids.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "schemas/band_binding.h"
#include "schemas/json_schema.h"
#include "service/api/input_values.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom::api {
void InputReader::StoreBands(const Json& value, const std::string& pointer) {
  auto& bands = parsed_.request.bands;
  const auto put = [&](const std::string& name, const Json& where,
                       const std::string& at) {
    auto binding = BandBindingFromJson(where);
    if (!binding.ok()) {
      Error(at, std::string(binding.status().message()));
      return;
    }
    bands[name] = *std::move(binding);
  };
  if (value.is_object()) {
    for (const auto& [name, where] : value.items()) {
      put(name, where, absl::StrCat(pointer, "/", PointerToken(name)));
    }
    return;
  }
  if (!value.is_array()) {
    Error(pointer, absl::StrCat("expected an object or an array, got ",
                                QuoteValue(value)));
    return;
  }
  const auto& names = context_.band_names;
  if (value.size() != names.size()) {
    Error(pointer, absl::StrCat("as an array, bands names all ", names.size(),
                                " bands of the model in their order; got ",
                                value.size()));
    return;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    put(names[i], value[i], absl::StrCat(pointer, "/", i));
  }
}

void InputReader::StoreRadiometry(const Json& value,
                                  const std::string& pointer) {
  ExecuteRequest& request = parsed_.request;
  if (value.is_string()) {
    request.radiometry = value.get<std::string>();
    if (request.radiometry != "auto" && request.radiometry != "none") {
      Error(pointer,
            absl::StrCat("expected \"auto\", \"none\" or an object with scale "
                         "and offset, got ",
                         QuoteValue(value)));
    }
    return;
  }
  const auto number = [&](const char* name, std::optional<double>& out) {
    const Json* given = Find(value, name);
    if (!given) return;
    if (!given->is_number() || !std::isfinite(given->get<double>())) {
      Error(absl::StrCat(pointer, "/", name),
            absl::StrCat("expected a finite number, got ", QuoteValue(*given)));
      return;
    }
    out = given->get<double>();
  };
  number("scale", request.radiometry_scale);
  number("offset", request.radiometry_offset);
}

void InputReader::Store(const std::string& id, const Json& value,
                        const std::string& pointer) {
  ExecuteRequest& request = parsed_.request;
  if (IsBuiltIn()) {
    request.values[id] = value;
    return;
  }
  // The schemas of these were checked; this says so again should one be
  // looser than the field.
  const auto wrong = [&](absl::string_view expected) {
    Error(pointer,
          absl::StrCat("expected ", expected, ", got ", QuoteValue(value)));
  };
  const auto number = [&](std::optional<double>& out) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      return wrong("a finite number");
    }
    out = value.get<double>();
  };
  const auto integer = [&](std::optional<int>& out) {
    const double real = value.is_number() ? value.get<double>() : NAN;
    if (!(std::abs(real) <= 1e9) || real != std::floor(real)) {
      return wrong("an integer");
    }
    out = static_cast<int>(real);
  };
  const auto name = [&](std::string& out) {
    if (!value.is_string() || !IsValidId(value.get<std::string>())) {
      return wrong("an id of letters, digits, '.', '_' and '-'");
    }
    out = value.get<std::string>();
  };
  if (id == "bbox") {
    auto bbox = BboxFromJson(value);
    if (!bbox.ok()) {
      Error(absl::StrCat(pointer, PointerOf(bbox.status())),
            std::string(bbox.status().message()));
      return;
    }
    request.bbox = *std::move(bbox);
  } else if (id == "bands") {
    StoreBands(value, pointer);
  } else if (id == "resolution") {
    number(request.resolution);
  } else if (id == "overlap") {
    integer(request.overlap);
  } else if (id == "batch_size") {
    integer(request.batch_size);
  } else if (id == "threshold") {
    number(request.threshold);
  } else if (id == "probabilities") {
    if (!value.is_boolean()) return wrong("true or false");
    request.probabilities = value.get<bool>();
  } else if (id == "radiometry") {
    StoreRadiometry(value, pointer);
  } else if (id == "radiometry_scale") {
    number(request.radiometry_scale);
  } else if (id == "radiometry_offset") {
    number(request.radiometry_offset);
  } else if (id == "collection") {
    name(request.collection);
  } else if (id == "item_id") {
    name(request.item_id);
  } else {
    request.values[id] = value;
  }
}

}  // namespace pushbroom::api
