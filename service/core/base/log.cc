#include "service/core/base/log.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace pushbroom {
namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger;
  std::string program = "pushbroom";
  LogFormat format = LogFormat::kText;
};

State& GetState() {
  static State* state = [] {
    auto* s = new State;  // never destroyed: threads may log at exit
    s->logger = std::make_shared<spdlog::logger>(
        "pushbroom", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    s->logger->set_pattern("%v");
    s->logger->set_level(spdlog::level::warn);
    return s;
  }();
  return *state;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

absl::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

}  // namespace

void InitLogging(absl::string_view program, LogLevel level, LogFormat format) {
  State& state = GetState();
  state.program = std::string(program);
  state.format = format;
  state.logger->set_level(ToSpdlog(level));
  state.logger->flush_on(spdlog::level::debug);
}

void Log(
    LogLevel level, absl::string_view message,
    std::initializer_list<std::pair<absl::string_view, std::string>> fields) {
  State& state = GetState();
  if (!state.logger->should_log(ToSpdlog(level))) return;
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                            absl::UTCTimeZone());
  std::string line;
  if (state.format == LogFormat::kJson) {
    nlohmann::ordered_json json;
    json["time"] = time;
    json["level"] = std::string(NameOf(level));
    json["program"] = state.program;
    json["message"] = std::string(message);
    for (const auto& [key, value] : fields) json[std::string(key)] = value;
    line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  } else {
    line = absl::StrCat(time, " ", NameOf(level), " ", message);
    for (const auto& [key, value] : fields) {
      absl::StrAppend(&line, " ", key, "=", value);
    }
  }
  state.logger->log(ToSpdlog(level), line);
}

}  // namespace pushbroom
