// The schema of the configuration: the one place of its keys, defaults, limits
// and descriptions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// One leaf of the schema.
struct ConfigKey {
  std::string dotted;       // "http.port"
  std::string pointer;      // "/http/port"
  std::string environment;  // "PUSHBROOM_HTTP_PORT"
  Json schema;              // description, type, default, limits
};

/// schemas/config.schema.json, as compiled into the program. Thread-safe.
const Json& ConfigSchema();

/// Every key, in the order of their names. Thread-safe.
const std::vector<ConfigKey>& ConfigKeys();

/// The defaults of all keys.
Json ConfigDefaults();

/// A Markdown table of all keys, for the README.
std::string ConfigMarkdown();

/// "50ms", "1h30m". kInvalidArgument for anything else.
absl::StatusOr<absl::Duration> ParseConfigDuration(const std::string& text);

}  // namespace pushbroom
