#include "service/core/config/config_sources.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "schemas/json_schema.h"
#include "service/core/base/files.h"
#include "service/core/config/config_schema.h"
#include "service/core/config/yaml_reader.h"

namespace pushbroom {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr char kPrefix[] = "PUSHBROOM_";

// Text as the value that a key takes. What does not fit stays text, and the
// schema says what was expected.
Json TypedValue(const Json& schema, const std::string& text) {
  const std::string type = StringOr(schema, "type");
  if (type == "integer") {
    int64_t whole = 0;
    if (absl::SimpleAtoi(text, &whole)) return whole;
  } else if (type == "boolean") {
    if (text == "true") return true;
    if (text == "false") return false;
  } else if (type == "array") {
    Json list = Json::array();
    const std::vector<std::string> parts = absl::StrSplit(text, ',');
    for (std::string part : parts) {
      absl::StripAsciiWhitespace(&part);
      if (!part.empty()) list.push_back(TypedValue(schema["items"], part));
    }
    return list;
  }
  return text;
}

// Variables with our prefix that are no keys: what tests and child processes
// are handed, and what Kubernetes sets for a Service called pushbroom-….
bool IsForOthers(const std::string& name, const std::string& value) {
  for (const char* test : {"PUSHBROOM_BIN", "PUSHBROOM_TEST_DATA",
                           "PUSHBROOM_TEST_REPORTS",
                           "PUSHBROOM_UPDATE_GOLDEN"}) {
    if (name == test) return true;
  }
  if (absl::StartsWith(name, "PUSHBROOM_WORKER_")) {
    return true;
  }
  if (absl::EndsWith(name, "_SERVICE_HOST") ||
      absl::EndsWith(name, "_SERVICE_PORT") ||
      absl::StrContains(name, "_SERVICE_PORT_")) {
    return true;
  }
  for (const char* protocol : {"tcp", "udp", "sctp"}) {
    const std::string upper = absl::AsciiStrToUpper(protocol);
    if (absl::EndsWith(name, absl::StrCat("_", upper)) ||
        absl::StrContains(name, absl::StrCat("_", upper, "_")) ||
        (absl::EndsWith(name, "_PORT") &&
         absl::StartsWith(value, absl::StrCat(protocol, "://")))) {
      return true;
    }
  }
  return false;
}

std::string Hint(const std::string& word,
                 const std::vector<std::string>& known) {
  const std::string nearest = NearestWord(word, known);
  return nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest);
}

}  // namespace

ConfigSources::ConfigSources() : values_(ConfigDefaults()) {}

void ConfigSources::AddFile(const std::string& path) {
  const auto text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) {
    problems_.emplace_back(text.status().message());
    return;
  }
  const auto document = ReadYaml(*text);
  if (!document.ok()) {
    problems_.push_back(absl::StrCat(path, ": ", document.status().message()));
    return;
  }
  for (const auto& [pointer, line] : document->lines) {
    origins_[pointer] = pointer.empty() ? path : absl::StrCat(path, ":", line);
  }
  Merge(document->root, &values_);
}

void ConfigSources::AddEnvironment(
    const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) {
    if (!absl::StartsWith(name, kPrefix) || IsForOthers(name, value)) continue;
    bool known = false;
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.environment != name) continue;
      Set(key.pointer, TypedValue(key.schema, value), name);
      known = true;
    }
    if (known) continue;
    std::vector<std::string> names;
    for (const ConfigKey& key : ConfigKeys()) names.push_back(key.environment);
    problems_.push_back(absl::StrCat("environment variable ", name,
                                     " is no key of the configuration",
                                     Hint(name, names)));
  }
}

void ConfigSources::AddOverrides(
    const std::map<std::string, std::string>& overrides) {
  for (const auto& [dotted, value] : overrides) {
    bool known = false;
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.dotted != dotted) continue;
      Set(key.pointer, TypedValue(key.schema, value), "command line");
      known = true;
    }
    if (known) continue;
    std::vector<std::string> names;
    for (const ConfigKey& key : ConfigKeys()) names.push_back(key.dotted);
    problems_.push_back(absl::StrCat("command line: \"", dotted,
                                     "\" is no key of the configuration",
                                     Hint(dotted, names)));
  }
}

void ConfigSources::AddJson(const Json& json) { Merge(json, &values_); }

void ConfigSources::Set(const std::string& pointer, Json value,
                        std::string origin) {
  const Json::json_pointer place(pointer);
  // A file that puts a scalar where the section belongs is reported by the
  // schema.
  const Json::json_pointer section = place.parent_pointer();
  if (!values_.contains(section) || !values_.at(section).is_object()) return;
  values_[place] = std::move(value);
  origins_[pointer] = std::move(origin);
}

void ConfigSources::Merge(const Json& from, Json* into) {
  if (!from.is_object() || !into->is_object()) {
    *into = from;
    return;
  }
  for (const auto& [name, value] : from.items()) {
    const auto member = into->find(name);
    if (member == into->end()) {
      (*into)[name] = value;
    } else if (!(member->is_object() && value.is_null())) {
      // "http:" with every key below it commented out says nothing.
      Merge(value, &*member);
    }
  }
}

std::string ConfigSources::OriginOf(const std::string& pointer) const {
  for (std::string place = pointer;;) {
    const auto it = origins_.find(place);
    if (it != origins_.end()) return it->second;
    if (place.empty()) return "";
    place.resize(place.rfind('/'));
  }
}

}  // namespace pushbroom
