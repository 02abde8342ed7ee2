// The one URL parser: libcurl's own, so that what is checked is what is
// fetched.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

struct UrlParts {
  std::string scheme;  // lower case
  std::string host;    // lower case, numbers as dotted quads, [v6]
  int port = 0;        // the scheme's where the URL names none
  std::string url;     // normalised, without fragment
};

/// The scheme of a reference as it is written, "https" of "https://…"; empty if
/// it has none. One letter is a drive, not a scheme.
absl::string_view SchemeOf(absl::string_view reference);

/// True for http: and https: references.
bool IsWebUrl(absl::string_view reference);

/// The parts of an absolute http or https URL. kInvalidArgument says what is
/// wrong with it; kPermissionDenied if it carries user information.
absl::StatusOr<UrlParts> ParseHttpUrl(absl::string_view url);

/// `reference` (of a Location header) resolved against `base`.
absl::StatusOr<std::string> ResolveUrl(const std::string& base,
                                       const std::string& reference);

/// `url` as messages and logs may show it: no query (signatures live there), no
/// password, control characters escaped, at most 200 characters.
std::string UrlForMessage(absl::string_view url);

}  // namespace pushbroom
