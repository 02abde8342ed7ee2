// Who may read an object through the files port: a signature in the URL,
// HMAC-SHA-256 over path and expiry. As S3's presigned URLs, so that a result's
// link works the same whether a directory or an object store is behind it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/core/base/clock.h"

namespace pushbroom {

/// Immutable; thread-safe.
class FileTokens {
 public:
  /// `clock` must outlive it.
  FileTokens(std::string secret, const Clock& clock);

  /// Reads the secret from `path`, or makes one there (mode 0600).
  static absl::StatusOr<FileTokens> OpenSecret(const std::string& path,
                                               const Clock& clock);

  /// "<path>?expires=<unix seconds>&token=<hex>"
  std::string Sign(absl::string_view path, absl::Duration valid_for) const;

  /// kPermissionDenied if the token is not ours or has expired.
  absl::Status Check(absl::string_view path, absl::string_view expires,
                     absl::string_view token) const;

 private:
  std::string secret_;
  const Clock* clock_;
};

}  // namespace pushbroom
