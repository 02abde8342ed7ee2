// Logs: one JSON object a line on standard error, or plain text on a terminal.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace pushbroom {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kJson, kText };

/// Call once, first thing in main. `program` stands in every line.
void InitLogging(absl::string_view program, LogLevel level, LogFormat format);

/// One event: `message` is constant text, what varies is in `fields`
/// ("job" → id, "process" → id, …). Thread-safe.
void Log(LogLevel level, absl::string_view message,
         std::initializer_list<std::pair<absl::string_view, std::string>>
             fields = {});

}  // namespace pushbroom
