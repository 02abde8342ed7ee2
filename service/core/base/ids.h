// Identifiers: made by us, or matched against one pattern before they touch a
// path, a key or a statement.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace pushbroom {

/// A random UUID (version 4, RFC 9562), lower case. Thread-safe.
std::string NewUuid();

/// True for ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ : process, collection, item and
/// output ids.
bool IsValidId(absl::string_view id);

/// True for the textual form of a UUID, as NewUuid writes it.
bool IsUuid(absl::string_view id);

/// `text` turned into a valid id: other characters become '-', runs of it are
/// folded, at most 64 characters. Empty only if nothing is left of it.
std::string ToId(absl::string_view text);

}  // namespace pushbroom
