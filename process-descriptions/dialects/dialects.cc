// The table of dialects, in order of precedence.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "process-descriptions/dialects/dialect.h"

// One line a dialect. The drafts stand before MLM 1.x: they use its prefix.
#define PUSHBROOM_DIALECTS(X) \
  X(StacModelDump)            \
  X(MlmMetadataFile)          \
  X(MlmDraft2024)             \
  X(Mlm1x)                    \
  X(MlmDraftDlmPrefix)        \
  X(Dlm)                      \
  X(MlModel)                  \
  X(TrainingDml)

namespace pushbroom {

#define PUSHBROOM_DECLARE(name) Dialect name();
PUSHBROOM_DIALECTS(PUSHBROOM_DECLARE)
#undef PUSHBROOM_DECLARE

absl::Span<const Dialect> Dialects() {
#define PUSHBROOM_ROW(name) name(),
  static const auto* const table =
      new std::vector<Dialect>{PUSHBROOM_DIALECTS(PUSHBROOM_ROW)};
#undef PUSHBROOM_ROW
  return *table;
}

const Json& PropertiesOf(const Json& document) {
  const Json* properties = Find(document, "properties");
  return properties && properties->is_object() ? *properties : document;
}

std::string ExtensionUri(const Json& document,
                         const std::vector<std::string>& parts) {
  const Json* extensions = Find(document, "stac_extensions");
  if (!extensions || !extensions->is_array()) return "";
  for (const Json& extension : *extensions) {
    if (!extension.is_string()) continue;
    const auto text = extension.get<std::string>();
    const absl::string_view uri = absl::StripSuffix(text, "#");
    size_t at = 0;
    for (const std::string& part : parts) {
      at = uri.find(part, at);
      if (at == absl::string_view::npos) break;
      at += part.size();
    }
    if (at != absl::string_view::npos) return std::string(uri);
  }
  return "";
}

std::vector<std::string> KeysWithPrefix(const Json& object,
                                        absl::string_view prefix) {
  std::vector<std::string> keys;
  if (!object.is_object()) return keys;
  for (const auto& member : object.items()) {
    if (absl::StartsWith(member.key(), prefix)) keys.push_back(member.key());
  }
  return keys;
}

}  // namespace pushbroom
