#include "service/api/input_values.h"

#include <algorithm>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/json_schema.h"
#include "service/api/negotiation.h"
#include "service/core/base/status.h"

namespace pushbroom::api {
namespace {

const Json& SchemaOf(const Json& description) {
  static const Json* const anything = new Json(Json::object());
  const Json* schema = Find(description, "schema");
  return schema ? *schema : *anything;
}

int64_t MaxOccurs(const Json& description) {
  const Json* most = Find(description, "maxOccurs");
  if (!most) return 1;
  if (most->is_number_integer()) return most->get<int64_t>();
  return std::numeric_limits<int64_t>::max();  // "unbounded"
}

int64_t MinOccurs(const Json& description) {
  const Json* least = Find(description, "minOccurs");
  return least && least->is_number_integer() ? least->get<int64_t>() : 1;
}

// The alternatives of a schema: itself, if it has none.
std::vector<const Json*> BranchesOf(const Json& schema) {
  std::vector<const Json*> branches;
  for (const char* word : {"oneOf", "anyOf"}) {
    if (const Json* list = Find(schema, word); list && list->is_array()) {
      for (const Json& branch : *list) branches.push_back(&branch);
    }
  }
  if (branches.empty()) branches.push_back(&schema);
  return branches;
}

// The alternatives that a media type chooses. One that names no media type is
// plain JSON.
std::vector<const Json*> BranchesFor(const Json& schema,
                                     absl::string_view media_type) {
  const std::string essence = EssenceOf(media_type);
  std::vector<const Json*> chosen;
  for (const Json* branch : BranchesOf(schema)) {
    const std::string own = EssenceOf(StringOr(*branch, "contentMediaType"));
    if (own.empty() ? IsJsonContent(essence) : own == essence) {
      chosen.push_back(branch);
    }
  }
  return chosen;
}

std::string OfferedMedia(const Json& schema) {
  std::vector<std::string> media;
  for (const Json* branch : BranchesOf(schema)) {
    const std::string own = StringOr(*branch, "contentMediaType");
    media.push_back(own.empty() ? kJsonMedia : own);
  }
  std::sort(media.begin(), media.end());
  media.erase(std::unique(media.begin(), media.end()), media.end());
  return absl::StrJoin(media, ", ");
}

std::vector<SchemaProblem> ProblemsOf(const Json& schema, const Json& value) {
  const auto compiled = JsonSchema::Compile(schema);
  if (!compiled.ok()) {
    return {{"",
             absl::StrCat("the schema of this input is broken: ",
                          compiled.status().message()),
             "", ""}};
  }
  return compiled->Check(value);
}

}  // namespace

bool HasFormat(const Json& schema, absl::string_view format) {
  if (StringOr(schema, "format") == format) return true;
  for (const char* word : {"allOf", "oneOf", "anyOf"}) {
    const Json* parts = Find(schema, word);
    if (!parts || !parts->is_array()) continue;
    for (const Json& part : *parts) {
      if (HasFormat(part, format)) return true;
    }
  }
  return false;
}

void InputReader::Error(std::string pointer, std::string detail) {
  parsed_.errors.push_back({std::move(pointer), std::move(detail)});
}

bool InputReader::IsImagery(const std::string& id) const {
  const auto& ids = context_.process.description.imagery_inputs;
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// {"value": …} and {"href": …} come out of their wrapping; any other object is
// ambiguous and refused, as the standard wants, but where its form says what
// it is.
InputReader::Unwrapped InputReader::Unwrap(const Json& given,
                                           const std::string& pointer,
                                           bool bare_object_allowed) {
  Unwrapped out;
  out.pointer = pointer;
  if (!given.is_object()) {
    out.value = &given;
    return out;
  }
  if (given.contains("value")) {
    out.value = &given["value"];
    out.pointer = absl::StrCat(pointer, "/value");
    const Json* format = Find(given, "format");
    out.media_type =
        StringOr(given, "mediaType",
                 format ? StringOr(*format, "mediaType") : std::string());
    return out;
  }
  if (const Json* href = Find(given, "href")) {
    // An empty one would look like none from here on.
    if (href->is_string() && *href != "") {
      out.href = href->get<std::string>();
      out.media_type = StringOr(given, "type");
      out.pointer = absl::StrCat(pointer, "/href");
    } else {
      Error(absl::StrCat(pointer, "/href"),
            "href must be a string, and not empty");
    }
    return out;
  }
  if (bare_object_allowed) {
    out.value = &given;
    return out;
  }
  Error(pointer,
        "an object must be wrapped: expected {\"value\": …} or "
        "{\"href\": …}");
  return out;
}

bool InputReader::Check(const Json& schema, const Unwrapped& unwrapped) {
  std::vector<const Json*> branches;
  if (!unwrapped.media_type.empty()) {
    branches = BranchesFor(schema, unwrapped.media_type);
    if (branches.empty()) {
      Error(
          unwrapped.pointer,
          absl::StrCat("media type \"", unwrapped.media_type,
                       "\" is not accepted; expected ", OfferedMedia(schema)));
      return false;
    }
  }
  // Several alternatives of one media type are as good as the whole schema.
  const Json& chosen = branches.size() == 1 ? *branches.front() : schema;
  const auto problems = ProblemsOf(chosen, *unwrapped.value);
  for (const SchemaProblem& problem : problems) {
    Error(absl::StrCat(unwrapped.pointer, problem.pointer), problem.message);
  }
  return problems.empty();
}

void InputReader::Read(const std::string& id, const Json& description,
                       const Json& given, const std::string& pointer) {
  const Json& schema = SchemaOf(description);
  const int64_t most = MaxOccurs(description);
  const bool imagery = IsImagery(id);
  // With maxOccurs 1 an array is the value itself, but no schema of imagery is
  // an array: there one element is as good as it alone.
  const bool list = given.is_array() && (most > 1 || imagery);
  if (list) {
    const int64_t count = static_cast<int64_t>(given.size());
    if (count < MinOccurs(description) || count > most) {
      Error(pointer, absl::StrCat("input \"", id, "\" takes ",
                                  MinOccurs(description), " to ",
                                  most == std::numeric_limits<int64_t>::max()
                                      ? "any number"
                                      : absl::StrCat(most),
                                  " values, got ", count));
      return;
    }
  }
  const size_t errors_before = parsed_.errors.size();
  Json values = Json::array();
  const size_t count = list ? given.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const Json& one = list ? given[i] : given;
    const std::string where = list ? absl::StrCat(pointer, "/", i) : pointer;
    if (imagery) {
      ReadScene(id, schema, one, where);
      continue;
    }
    const bool bare = HasFormat(schema, "ogc-bbox") ||
                      (!IsBuiltIn() && (id == "bands" || id == "radiometry"));
    const Unwrapped unwrapped = Unwrap(one, where, bare);
    if (!unwrapped.href.empty()) {
      Error(unwrapped.pointer,
            absl::StrCat("input \"", id, "\" takes a value, not a link"));
      continue;
    }
    if (!unwrapped.value || !Check(schema, unwrapped)) continue;
    if (list) {
      values.push_back(*unwrapped.value);
    } else {
      Store(id, *unwrapped.value, unwrapped.pointer);
    }
  }
  if (list && !imagery && parsed_.errors.size() == errors_before) {
    Store(id, values, pointer);
  }
}

void InputReader::ReadScene(const std::string& id, const Json& schema,
                            const Json& given, const std::string& pointer) {
  if (given.is_string()) {
    Error(pointer,
          "imagery is given as a link, {\"href\": …}, or as a STAC Item");
    return;
  }
  const Unwrapped unwrapped =
      Unwrap(given, pointer, StringOr(given, "type") == "Feature");
  SceneReference scene;
  if (!unwrapped.href.empty()) {
    // Whether a file is there is the job's to say; whether it may be asked
    // for at all is known now.
    const auto checked = context_.policy.Check(unwrapped.href);
    if (!checked.ok() && !absl::IsNotFound(checked.status())) {
      Error(unwrapped.pointer, std::string(checked.status().message()));
      return;
    }
    scene.href = unwrapped.href;
    scene.type = unwrapped.media_type;
  } else if (unwrapped.value) {
    const Json& item = *unwrapped.value;
    if (!item.is_object() || StringOr(item, "type") != "Feature") {
      Error(unwrapped.pointer,
            absl::StrCat("expected a STAC Item (a GeoJSON Feature with "
                         "assets), got ",
                         QuoteValue(item)));
      return;
    }
    const Json* assets = Find(item, "assets");
    if (!assets || !assets->is_object() || assets->empty()) {
      Error(absl::StrCat(unwrapped.pointer, "/assets"),
            "a STAC Item given as imagery needs assets");
      return;
    }
    if (!Check(schema, unwrapped)) return;
    scene.item = item;
  } else {
    return;
  }
  parsed_.request.scenes[id].push_back(std::move(scene));
}

}  // namespace pushbroom::api
