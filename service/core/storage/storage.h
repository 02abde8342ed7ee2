// Where results live: objects under opaque keys. A directory on one machine;
// object stores follow behind the same seam.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

struct ObjectInfo {
  int64_t size_bytes = 0;
};

/// Keys are relative, '/'-separated parts that each match
/// ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$ ; anything else is kInvalidArgument.
/// Thread-safe.
class Storage {
 public:
  virtual ~Storage() = default;

  /// Moves a finished local file in; `local_path` is gone afterwards. The
  /// object is there whole or not at all.
  virtual absl::Status PutFile(absl::string_view key,
                               const std::string& local_path) = 0;
  virtual absl::Status PutBytes(absl::string_view key,
                                absl::string_view bytes) = 0;
  /// kNotFound if absent, kResourceExhausted above `max_bytes`.
  virtual absl::StatusOr<std::string> GetBytes(absl::string_view key,
                                               int64_t max_bytes) = 0;
  virtual absl::StatusOr<ObjectInfo> Stat(absl::string_view key) = 0;
  /// Keys below `prefix` (a key followed by '/', or ""), in order.
  virtual absl::StatusOr<std::vector<std::string>> List(
      absl::string_view prefix) = 0;
  /// Removes every object below `prefix`; none is no error.
  virtual absl::Status RemovePrefix(absl::string_view prefix) = 0;
  /// The path of a local object; absent where objects are not files.
  virtual std::optional<std::string> LocalPath(absl::string_view key) const = 0;
  /// What names the object to an operator: a path or an s3:// URI.
  virtual std::string UriOf(absl::string_view key) const = 0;
};

/// A directory, made if absent.
absl::StatusOr<std::unique_ptr<Storage>> OpenLocalStorage(
    const std::string& root);

}  // namespace pushbroom
