// The only way JSON text from outside becomes a tree: bounded, never throwing.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace pushbroom {

using Json = nlohmann::json;

struct JsonLimits {
  // nlohmann::json parses any depth, and then crashes when it copies or
  // prints it; 100,000 levels suffice.
  int max_depth = 64;
  size_t max_bytes = size_t{16} << 20;
  // Members of one object or elements of one array.
  size_t max_elements = 1'000'000;
  // Accept // and /* */ comments.
  bool comments = false;
};

/// kInvalidArgument with line and column where `text` is no JSON;
/// kResourceExhausted, naming the limit, where it is too large or too deep.
absl::StatusOr<Json> ParseJson(absl::string_view text,
                               const JsonLimits& limits = {});

/// ParseJson of a file, with the path in every message.
absl::StatusOr<Json> ParseJsonFile(const std::string& path,
                                   const JsonLimits& limits = {});

/// The text; bytes that are not UTF-8 are replaced, so it never throws.
/// `indent` < 0: one line.
std::string DumpJson(const Json& json, int indent = -1);

/// One reference token of a JSON pointer, with ~ and / escaped.
std::string PointerToken(absl::string_view token);

/// The member if it is there and a string, else `absent`.
std::string StringOr(const Json& object, absl::string_view key,
                     absl::string_view absent = "");

/// The member if it is there and not null, else nullptr. `object` may be
/// anything.
const Json* Find(const Json& object, absl::string_view key);

}  // namespace pushbroom
