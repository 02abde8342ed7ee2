// The text of an item → one JSON tree, whatever it was written in.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "schemas/diagnostics.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// JSON, strictly; where that fails with comments and trailing commas allowed,
/// which leaves the diagnostic `json-lenient`. YAML if `href` ends in .yml or
/// .yaml. kInvalidArgument if it is neither; kResourceExhausted if it is too
/// large or too deep.
absl::StatusOr<Json> ParseDocument(absl::string_view text,
                                   absl::string_view href,
                                   Diagnostics& diagnostics);

/// `text` without commas that stand before a closing bracket. Strings and
/// comments are left alone, and every other character keeps its place.
std::string StripTrailingCommas(absl::string_view text);

/// YAML → JSON: plain scalars by the YAML 1.2 core schema, quoted ones are
/// strings. The limits are those of ParseJson, counted after aliases.
absl::StatusOr<Json> ParseYaml(absl::string_view text);

}  // namespace pushbroom
