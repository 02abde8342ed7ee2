#include "service/core/config/config.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/json_schema.h"
#include "service/core/base/status.h"
#include "service/core/config/config_fields.h"
#include "service/core/config/config_schema.h"
#include "service/core/config/config_sources.h"

namespace pushbroom {
namespace {

SchemaProblem Disagreement(std::string pointer, std::string expected,
                           const Json& got) {
  SchemaProblem problem;
  problem.pointer = std::move(pointer);
  problem.got = QuoteValue(got);
  problem.message = absl::StrCat("expected ", expected, ", got ", problem.got);
  problem.expected = std::move(expected);
  return problem;
}

// Limits of durations, which JSON Schema cannot compare.
void CheckDurations(const Json& values, std::vector<SchemaProblem>* problems) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (!key.schema.contains("x-minimum")) continue;
    const Json::json_pointer pointer(key.pointer);
    if (!values.contains(pointer) || !values.at(pointer).is_string()) continue;
    const Json& value = values.at(pointer);
    const auto duration = ParseConfigDuration(value.get<std::string>());
    if (duration.ok() &&
        *duration >= ParseConfigDuration(key.schema["x-minimum"]).value() &&
        *duration <= ParseConfigDuration(key.schema["x-maximum"]).value()) {
      continue;
    }
    problems->push_back(
        Disagreement(key.pointer, DescribeSchema(key.schema), value));
  }
}

// Rules between keys; each value is right in itself.
void CheckTogether(const Json& values, std::vector<SchemaProblem>* problems) {
  const Json& workers = values["workers"];
  if (2 * workers["overlap"].get<int>() > workers["tile_size"].get<int>()) {
    problems->push_back(
        Disagreement("/workers/overlap",
                     absl::StrCat("at most half of tile_size, ",
                                  DumpJson(workers["tile_size"])),
                     workers["overlap"]));
  }
  const Json& http = values["http"];
  const char* const ports[] = {"port", "files_port", "ops_port"};
  for (size_t i = 0; i < std::size(ports); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (http[ports[i]] != 0 && http[ports[i]] == http[ports[j]]) {
        problems->push_back(Disagreement(
            absl::StrCat("/http/", ports[i]),
            absl::StrCat("a port other than http.", ports[j]), http[ports[i]]));
      }
    }
  }
}

absl::StatusOr<Config> Checked(const ConfigSources& sources) {
  static const JsonSchema* const schema = [] {
    auto compiled = JsonSchema::Compile(ConfigSchema());
    return compiled.ok() ? new JsonSchema(*std::move(compiled)) : nullptr;
  }();
  if (!schema) {
    return absl::InternalError("the configuration schema does not compile");
  }
  std::vector<SchemaProblem> found = schema->Check(sources.values());
  // Rules between keys need every key to be of its type.
  if (found.empty()) CheckTogether(sources.values(), &found);
  CheckDurations(sources.values(), &found);
  std::vector<std::string> lines = sources.problems();
  std::vector<std::string> told;
  for (const SchemaProblem& problem : found) {
    const std::string origin = sources.OriginOf(problem.pointer);
    told.push_back(absl::StrCat(origin, origin.empty() ? "" : ": ",
                                problem.pointer, ": ", problem.message));
  }
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  lines.insert(lines.end(), told.begin(), told.end());
  if (!lines.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the configuration has ", lines.size(),
                     lines.size() == 1 ? " problem:\n  " : " problems:\n  ",
                     absl::StrJoin(lines, "\n  ")));
  }
  return ConfigFromChecked(sources.values());
}

}  // namespace

absl::StatusOr<Config> LoadConfig(
    const std::string& path,
    const std::map<std::string, std::string>& environment,
    const std::map<std::string, std::string>& overrides) {
  ConfigSources sources;
  if (!path.empty()) sources.AddFile(path);
  sources.AddEnvironment(environment);
  sources.AddOverrides(overrides);
  return Checked(sources);
}

Json ToJson(const Config& config) { return ConfigToJson(config); }

absl::StatusOr<Config> ConfigFromJson(const Json& json) {
  ConfigSources sources;
  sources.AddJson(json);
  return Checked(sources);
}

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

}  // namespace pushbroom
