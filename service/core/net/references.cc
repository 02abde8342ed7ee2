#include "service/core/net/references.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxLength = 2048;
constexpr char kFileScheme[] = "file";

int HexValue(char c) {
  if (absl::ascii_isdigit(static_cast<unsigned char>(c))) return c - '0';
  return (c | 0x20) - 'a' + 10;
}

absl::StatusOr<std::string> PercentDecode(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      return Malformed(text, "has a % that no two hex digits follow");
    }
    out +=
        static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return out;
}

bool IsBelow(const std::string& path, const std::string& root) {
  if (root == "/") return true;
  return absl::StartsWith(path, root) &&
         (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace

absl::Status Denied(absl::string_view href, absl::string_view rule) {
  return absl::PermissionDeniedError(
      absl::StrCat("\"", UrlForMessage(href), "\" is refused: ", rule));
}

absl::Status Malformed(absl::string_view href, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", UrlForMessage(href), "\" ", why));
}

absl::Status CheckCharacters(absl::string_view href) {
  if (href.empty()) return absl::InvalidArgumentError("the reference is empty");
  if (href.size() > kMaxLength) {
    return Malformed(
        href, absl::StrCat("has ", href.size(), " characters, the limit is ",
                           kMaxLength));
  }
  for (char c : href) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return Malformed(href, "holds a control character");
    }
    if (c == '\\') return Malformed(href, "holds a backslash");
  }
  return absl::OkStatus();
}

absl::Status CanonicalRoot(std::string& root) {
  if (!absl::StartsWith(root, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("file root \"", root, "\" is no absolute path"));
  }
  std::error_code error;
  const fs::path real = fs::canonical(root, error);
  if (error || !fs::is_directory(real, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("file root \"", root, "\" is no directory that exists"));
  }
  root = real.string();
  return absl::OkStatus();
}

absl::StatusOr<std::string> PathOfFileUrl(absl::string_view href) {
  absl::string_view rest = href.substr(sizeof(kFileScheme));  // and its ':'
  rest = rest.substr(0, rest.find('#'));
  if (absl::StrContains(rest, '?')) {
    return Malformed(href, "is a file: URL with a query");
  }
  if (absl::ConsumePrefix(&rest, "//")) {
    const absl::string_view host = rest.substr(0, rest.find('/'));
    if (!host.empty() && !absl::EqualsIgnoreCase(host, "localhost")) {
      return Denied(href, "a file: URL may not name a host");
    }
    rest.remove_prefix(host.size());
  }
  if (!absl::StartsWith(rest, "/")) {
    return Malformed(href, "is a file: URL without an absolute path");
  }
  PB_ASSIGN_OR_RETURN(std::string path, PercentDecode(rest));
  // Decoding may have brought in what the raw text did not show.
  PB_RETURN_IF_ERROR(CheckCharacters(path));
  return path;
}

absl::StatusOr<CheckedUrl> CheckFile(absl::string_view href,
                                     const std::string& path,
                                     const std::vector<std::string>& roots) {
  if (roots.empty()) {
    return Denied(href, "no root for local files is configured");
  }
  std::error_code error;
  const std::string real = fs::weakly_canonical(path, error).string();
  const bool below = !error && std::any_of(roots.begin(), roots.end(),
                                           [&real](const std::string& root) {
                                             return IsBelow(real, root);
                                           });
  if (!below) {
    return Denied(href, "it is not below a configured root for local files");
  }
  const fs::file_status status = fs::status(real, error);
  if (status.type() == fs::file_type::not_found) {
    return absl::NotFoundError(
        absl::StrCat("\"", UrlForMessage(href), "\" does not exist"));
  }
  if (status.type() != fs::file_type::regular) {
    return Malformed(href, "is not a regular file");
  }
  CheckedUrl checked;
  checked.kind = CheckedUrl::Kind::kFile;
  checked.path = real;
  return checked;
}

}  // namespace pushbroom
