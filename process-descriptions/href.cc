#include "process-descriptions/href.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

std::string Normal(absl::string_view path) {
  return std::filesystem::path(std::string(path)).lexically_normal().string();
}

}  // namespace

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
  if (IsWebUrl(base)) return ResolveUrl(std::string(base), std::string(href));
  if (local_base) {
    return Normal(absl::StrCat(base.substr(0, base.rfind('/') + 1), href));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the relative href \"", href, "\" has no base: the item came by value"));
}

}  // namespace pushbroom
