// Parts of the URL policy: what every reference is checked for, and local
// files. Internal to this folder.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/core/net/url_policy.h"

namespace pushbroom {

/// kPermissionDenied: "<href>" is refused: <rule>.
absl::Status Denied(absl::string_view href, absl::string_view rule);

/// kInvalidArgument: "<href>" <why>.
absl::Status Malformed(absl::string_view href, absl::string_view why);

/// What no reference may hold, whatever its scheme (control characters,
/// backslashes, more than 2048 characters): parsers disagree about it, and such
/// a disagreement is how a gate is passed.
absl::Status CheckCharacters(absl::string_view href);

/// Makes a configured root canonical. kInvalidArgument if it is not absolute or
/// no directory.
absl::Status CanonicalRoot(std::string& root);

/// The absolute path that a file: URL names.
absl::StatusOr<std::string> PathOfFileUrl(absl::string_view href);

/// The file at the absolute `path`, symbolic links followed, if it is below one
/// of the canonical `roots`. The answer is the same whether a file outside of
/// them exists or not: the gate is no way to ask.
absl::StatusOr<CheckedUrl> CheckFile(absl::string_view href,
                                     const std::string& path,
                                     const std::vector<std::string>& roots);

}  // namespace pushbroom
