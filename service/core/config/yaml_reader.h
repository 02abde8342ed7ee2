// YAML as a tree of JSON; the only user of yaml-cpp in this folder.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/core/base/json.h"

namespace pushbroom {

struct YamlDocument {
  Json root = Json::object();
  std::map<std::string, int> lines;  // JSON pointer → line, from 1
};

/// Scalars by the core schema of YAML 1.2: "yes" is text. kInvalidArgument
/// with the line for broken YAML, a key given twice, or a root that is no
/// mapping; kResourceExhausted above 64 KiB of nodes or 16 levels. An empty
/// document is an empty mapping.
absl::StatusOr<YamlDocument> ReadYaml(absl::string_view text);

}  // namespace pushbroom
