// Relative references of an item, made absolute.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {

/// `href` against the place its document came from (`base`: an absolute path,
/// a URL, or empty for a document by value): an absolute URL or an absolute
/// local path. kInvalidArgument for a relative href without a base;
/// kPermissionDenied where a document that is no local file itself names one.
absl::StatusOr<std::string> ResolveHref(absl::string_view base,
                                        absl::string_view href);

}  // namespace pushbroom
