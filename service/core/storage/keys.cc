#include "service/core/storage/keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {
constexpr size_t kMaxPart = 128;
constexpr size_t kMaxKey = 1024;

bool IsAlphanumeric(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}
}  // namespace

bool IsKeyPart(absl::string_view part) {
  if (part.empty() || part.size() > kMaxPart) return false;
  if (!IsAlphanumeric(part[0])) return false;
  for (char c : part) {
    if (!IsAlphanumeric(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

absl::StatusOr<std::vector<std::string>> SplitKey(absl::string_view key) {
  if (key.size() > kMaxKey) {
    return absl::InvalidArgumentError(
        absl::StrCat("an object's key has ", key.size(),
                     " characters, the limit is ", kMaxKey));
  }
  std::vector<std::string> parts = absl::StrSplit(key, '/');
  for (const std::string& part : parts) {
    if (IsKeyPart(part)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", absl::CHexEscape(key), "\" is no key of an object: its part \"",
        absl::CHexEscape(part),
        "\" must begin with a letter or digit and hold only these, '.', '_' "
        "and '-', at most ",
        kMaxPart));
  }
  return parts;
}

absl::StatusOr<std::vector<std::string>> SplitPrefix(absl::string_view prefix) {
  if (prefix.empty()) return std::vector<std::string>();
  if (!absl::ConsumeSuffix(&prefix, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("prefix \"", absl::CHexEscape(prefix),
                     "\" does not end with '/', so it would hold other names "
                     "that begin like it"));
  }
  return SplitKey(prefix);
}

}  // namespace pushbroom
