// What an object may be called: checked before a name touches a path.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

/// True for ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$, one part of a key.
bool IsKeyPart(absl::string_view part);

/// The parts of a key, at least one. kInvalidArgument if it is none, or longer
/// than the 1024 characters that object stores take.
absl::StatusOr<std::vector<std::string>> SplitKey(absl::string_view key);

/// The parts of a prefix: a key followed by '/', or nothing. kInvalidArgument
/// as SplitKey.
absl::StatusOr<std::vector<std::string>> SplitPrefix(absl::string_view prefix);

}  // namespace pushbroom
