#include "service/core/config/config_schema.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/core/base/log.h"

namespace pushbroom {
namespace config_internal {
extern const char kConfigSchemaText[];
}

namespace {

void Walk(const Json& schema, const std::string& dotted,
          const std::string& pointer, std::vector<ConfigKey>* keys) {
  for (const auto& [name, part] : schema.at("properties").items()) {
    const std::string below =
        dotted.empty() ? name : absl::StrCat(dotted, ".", name);
    const std::string place = absl::StrCat(pointer, "/", PointerToken(name));
    if (part.contains("properties")) {
      Walk(part, below, place, keys);
      continue;
    }
    keys->push_back(
        {below, place,
         absl::StrCat("PUSHBROOM_", absl::AsciiStrToUpper(absl::StrReplaceAll(
                                        below, {{".", "_"}}))),
         part});
  }
}

// What the table says in its column of limits.
std::string LimitsOf(const Json& schema) {
  if (const Json* values = Find(schema, "enum")) {
    std::string text;
    for (const Json& value : *values) {
      absl::StrAppend(&text, text.empty() ? "" : ", ",
                      value.get<std::string>());
    }
    return text;
  }
  for (const auto& [least, most] :
       {std::pair<const char*, const char*>{"minimum", "maximum"},
        {"x-minimum", "x-maximum"}}) {
    if (!schema.contains(least)) continue;
    const auto plain = [](const Json& value) {
      return value.is_string() ? value.get<std::string>() : DumpJson(value);
    };
    return absl::StrCat(plain(schema[least]), " – ", plain(schema[most]));
  }
  if (schema.contains("maxItems")) {
    return absl::StrCat("at most ", DumpJson(schema["maxItems"]));
  }
  if (schema.contains("maxLength")) {
    return absl::StrCat("at most ", DumpJson(schema["maxLength"]),
                        " characters");
  }
  return "";
}

std::string TypeOf(const Json& schema) {
  if (schema.contains("x-minimum")) return "duration";
  const std::string type = StringOr(schema, "type");
  if (type != "array") return type;
  return absl::StrCat("list of ", StringOr(schema["items"], "type"), "s");
}

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"<", "&lt;"}});
}

}  // namespace

const Json& ConfigSchema() {
  static const Json* const schema = [] {
    auto parsed = ParseJson(config_internal::kConfigSchemaText);
    if (!parsed.ok()) {
      Log(LogLevel::kError, "the compiled-in configuration schema is no JSON",
          {{"reason", std::string(parsed.status().message())}});
      std::abort();  // a broken build
    }
    return new Json(*std::move(parsed));
  }();
  return *schema;
}

const std::vector<ConfigKey>& ConfigKeys() {
  static const auto* const keys = [] {
    auto* list = new std::vector<ConfigKey>;
    Walk(ConfigSchema(), "", "", list);
    return list;
  }();
  return *keys;
}

Json ConfigDefaults() {
  Json defaults = Json::object();
  for (const ConfigKey& key : ConfigKeys()) {
    defaults[Json::json_pointer(key.pointer)] = key.schema.at("default");
  }
  return defaults;
}

std::string ConfigMarkdown() {
  std::string text =
      "| Key | Type | Default | Limits | Environment | What it does |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const ConfigKey& key : ConfigKeys()) {
    absl::StrAppend(&text, "| `", key.dotted, "` | ", TypeOf(key.schema),
                    " | `", DumpJson(key.schema.at("default")), "` | ",
                    Cell(LimitsOf(key.schema)), " | `", key.environment, "` | ",
                    Cell(StringOr(key.schema, "description")), " |\n");
  }
  return text;
}

absl::StatusOr<absl::Duration> ParseConfigDuration(const std::string& text) {
  absl::Duration duration;
  // absl knows "inf", signs and nanoseconds too; these have no use here.
  if (text.empty() ||
      !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) ||
      !absl::ParseDuration(text, &duration) ||
      duration == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected a duration such as \"30s\", \"5m\" or \"1h30m\", got \"",
        text, "\""));
  }
  return duration;
}

}  // namespace pushbroom
