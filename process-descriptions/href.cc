#include "process-descriptions/href.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

// "https" of "https://…"; empty if there is no scheme.
absl::string_view SchemeOf(absl::string_view href) {
  const size_t end = href.find(':');
  if (end == absl::string_view::npos || end < 2) return {};
  for (char c : href.substr(0, end)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '+' &&
        c != '-' && c != '.') {
      return {};
    }
  }
  return href.substr(0, end);
}

std::string Normal(absl::string_view path) {
  return std::filesystem::path(std::string(path)).lexically_normal().string();
}

std::string ResolveUrl(absl::string_view base, absl::string_view href) {
  base = base.substr(0, base.find_first_of("?#"));
  if (absl::StartsWith(href, "//")) {
    return absl::StrCat(SchemeOf(base), ":", href);
  }
  const size_t authority = base.find("://") + 3;
  const size_t slash = base.find('/', authority);
  const absl::string_view origin = base.substr(0, slash);
  const absl::string_view path =
      slash == absl::string_view::npos ? "/" : base.substr(slash);
  const absl::string_view directory = path.substr(0, path.rfind('/') + 1);
  // What follows ? or # is no path.
  const size_t query = href.find_first_of("?#");
  const absl::string_view tail =
      query == absl::string_view::npos ? "" : href.substr(query);
  const absl::string_view name = href.substr(0, query);
  return absl::StrCat(
      origin,
      Normal(absl::StartsWith(name, "/") ? std::string(name)
                                         : absl::StrCat(directory, name)),
      tail);
}

}  // namespace

bool IsWebUrl(absl::string_view href) {
  const std::string scheme = absl::AsciiStrToLower(SchemeOf(href));
  return scheme == "http" || scheme == "https";
}

absl::StatusOr<std::string> ResolveHref(absl::string_view base,
                                        absl::string_view href) {
  if (href.empty()) return absl::InvalidArgumentError("an empty href");
  const bool local_base = absl::StartsWith(base, "/");
  const absl::string_view scheme = SchemeOf(href);
  const bool file = absl::EqualsIgnoreCase(scheme, "file");
  if (!scheme.empty() && !file) return std::string(href);

  if (file || (absl::StartsWith(href, "/") && !IsWebUrl(base))) {
    if (!local_base) {
      return absl::PermissionDeniedError(absl::StrCat(
          "the local file \"", href, "\" is named by a document that is ",
          base.empty() ? "no file itself" : "from elsewhere"));
    }
    absl::string_view path = href;
    if (file) {
      path.remove_prefix(5);
      absl::ConsumePrefix(&path, "//localhost");
      absl::ConsumePrefix(&path, "//");
    }
    return Normal(path);
  }
  if (IsWebUrl(base)) return ResolveUrl(base, href);
  if (local_base) {
    return Normal(absl::StrCat(base.substr(0, base.rfind('/') + 1), href));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the relative href \"", href, "\" has no base: the item came by value"));
}

}  // namespace pushbroom
