#include "schemas/json_schema_dialect.h"

#include <cmath>
#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"

namespace pushbroom::schema_dialect {
namespace {

constexpr int kMaxHops = 32;
constexpr int kMaxDepth = 128;

using Edit = std::function<absl::Status(Json&)>;

// Applies `edit` to every sub-schema of `schema`, then to itself; not to
// constants, examples and other values that only look like schemas.
absl::Status EditAll(Json& schema, const Edit& edit, int depth = 0) {
  if (!schema.is_object()) return absl::OkStatus();
  if (depth > kMaxDepth) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the schema is nested deeper than ", kMaxDepth, " levels"));
  }
  for (const char* key : {"properties", "patternProperties", "definitions",
                          "$defs", "dependencies"}) {
    const auto it = schema.find(key);
    if (it == schema.end() || !it->is_object()) continue;
    for (Json& part : *it) PB_RETURN_IF_ERROR(EditAll(part, edit, depth + 1));
  }
  if (const auto it = schema.find("components");
      it != schema.end() && it->is_object() && it->contains("schemas")) {
    for (Json& part : (*it)["schemas"]) {
      PB_RETURN_IF_ERROR(EditAll(part, edit, depth + 1));
    }
  }
  for (const char* key :
       {"items", "additionalItems", "additionalProperties", "not", "if", "then",
        "else", "contains", "propertyNames", "allOf", "anyOf", "oneOf"}) {
    const auto it = schema.find(key);
    if (it == schema.end()) continue;
    if (it->is_array()) {
      for (Json& part : *it) PB_RETURN_IF_ERROR(EditAll(part, edit, depth + 1));
    } else {
      PB_RETURN_IF_ERROR(EditAll(*it, edit, depth + 1));
    }
  }
  return edit(schema);
}

// OpenAPI 3.0: "minimum": 0, "exclusiveMinimum": true.
void FoldExclusive(Json& schema, const char* bound, const char* exclusive) {
  const auto flag = schema.find(exclusive);
  if (flag == schema.end() || !flag->is_boolean()) return;
  const bool on = flag->get<bool>();
  schema.erase(flag);
  if (on && schema.contains(bound)) {
    schema[exclusive] = Json(schema[bound]);
    schema.erase(bound);
  }
}

void FoldNullable(Json& schema) {
  const auto flag = schema.find("nullable");
  if (flag == schema.end()) return;
  const bool on = flag->is_boolean() && flag->get<bool>();
  schema.erase(flag);
  if (!on) return;
  if (const auto type = schema.find("type"); type != schema.end()) {
    Json types = type->is_array() ? Json(*type) : Json::array({*type});
    types.push_back("null");
    *type = std::move(types);
    if (const auto values = schema.find("enum");
        values != schema.end() && values->is_array()) {
      values->push_back(nullptr);
    }
  } else if (!schema.empty()) {
    Json either = Json::object();
    either["anyOf"] = Json::array();
    either["anyOf"].push_back(schema);
    either["anyOf"].push_back({{"type", "null"}});
    schema = std::move(either);
  }
}

absl::StatusOr<const Json*> Follow(const Json& root, const Json* schema) {
  for (int hop = 0; hop < kMaxHops; ++hop) {
    const Json* ref = Find(*schema, "$ref");
    if (!ref) return schema;
    if (!ref->is_string()) {
      return absl::InvalidArgumentError(
          absl::StrCat("$ref ", DumpJson(*ref), " is no string"));
    }
    const std::string target = ref->get<std::string>();
    if (!absl::StartsWith(target, "#")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "$ref \"", target, "\" leaves the schema, which is not followed"));
    }
    try {
      const Json::json_pointer pointer(target.substr(1));
      if (!root.contains(pointer)) {
        return absl::InvalidArgumentError(
            absl::StrCat("$ref \"", target, "\" leads nowhere"));
      }
      schema = &root.at(pointer);
    } catch (const std::exception& error) {
      return absl::InvalidArgumentError(absl::StrCat(
          "$ref \"", target, "\" is no JSON pointer: ", error.what()));
    }
  }
  return absl::InvalidArgumentError("a $ref leads back to itself");
}

void AddWithParts(const Json& root, const Json& schema, int depth,
                  std::vector<const Json*>* found) {
  if (depth > kMaxHops) return;
  const Json& whole = Resolve(root, schema);
  found->push_back(&whole);
  if (const Json* parts = Find(whole, "allOf"); parts && parts->is_array()) {
    for (const Json& part : *parts) AddWithParts(root, part, depth + 1, found);
  }
  for (const char* key : {"then", "else"}) {
    if (const Json* part = Find(whole, key)) {
      AddWithParts(root, *part, depth + 1, found);
    }
  }
}

}  // namespace

absl::StatusOr<Json> ToDraft7(Json schema) {
  PB_RETURN_IF_ERROR(EditAll(schema, [](Json& part) {
    // Annotations; of draft-04's "id" valijson would make a base for
    // references.
    for (const char* key :
         {"title", "description", "default", "example", "examples", "id"}) {
      part.erase(key);
    }
    FoldExclusive(part, "minimum", "exclusiveMinimum");
    FoldExclusive(part, "maximum", "exclusiveMaximum");
    FoldNullable(part);
    return absl::OkStatus();
  }));
  FoldWholeNumbers(&schema);
  const Json& root = schema;
  Json walked = schema;
  PB_RETURN_IF_ERROR(EditAll(
      walked, [&root](Json& part) { return Follow(root, &part).status(); }));
  return schema;
}

Json ForValijson(Json draft7) {
  EditAll(draft7, [](Json& part) {
    for (const auto& [key, ours] :
         {std::pair<const char*, const char*>{"pattern", kPattern},
          {"format", kFormat},
          {"uniqueItems", kUnique}}) {
      const auto it = part.find(key);
      if (it == part.end()) continue;
      Json value = std::move(*it);
      part.erase(it);
      part[ours] = std::move(value);
    }
    return absl::OkStatus();
  }).IgnoreError();  // the depth was checked by ToDraft7
  return draft7;
}

void FoldWholeNumbers(Json* value) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (value->is_number_float()) {
    const double number = value->get<double>();
    if (number == std::floor(number) && std::abs(number) <= kLargestExact) {
      *value = static_cast<int64_t>(number);
    }
  } else if (value->is_structured()) {
    for (Json& part : *value) FoldWholeNumbers(&part);
  }
}

const Json& Resolve(const Json& root, const Json& schema) {
  const auto followed = Follow(root, &schema);
  return followed.ok() ? **followed : schema;
}

std::vector<const Json*> SchemasAt(const Json& root,
                                   const std::vector<std::string>& tokens) {
  std::vector<const Json*> here;
  AddWithParts(root, root, 0, &here);
  for (const std::string& token : tokens) {
    std::vector<const Json*> next;
    for (const Json* schema : here) {
      size_t index = 0;
      const Json* items = Find(*schema, "items");
      if (const Json* properties = Find(*schema, "properties");
          properties && properties->contains(token)) {
        AddWithParts(root, (*properties)[token], 0, &next);
      } else if (items && items->is_object()) {
        AddWithParts(root, *items, 0, &next);
      } else if (items && items->is_array() &&
                 absl::SimpleAtoi(token, &index) && index < items->size()) {
        AddWithParts(root, (*items)[index], 0, &next);
      } else if (const Json* more = Find(*schema, "additionalProperties");
                 more && more->is_object()) {
        AddWithParts(root, *more, 0, &next);
      }
    }
    here = std::move(next);
  }
  return here;
}

}  // namespace pushbroom::schema_dialect
