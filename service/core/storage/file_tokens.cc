#include "service/core/storage/file_tokens.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/core/storage/directory.h"

namespace pushbroom {
namespace {

constexpr size_t kSecretBytes = 32;      // of randomness
constexpr size_t kMinSecretLength = 32;  // of the text in the file
constexpr int64_t kMaxSecretLength = 4096;

// A line break cannot be part of `expires`, so no two pairs of path and expiry
// are signed alike.
std::string TokenOf(const std::string& secret, absl::string_view path,
                    absl::string_view expires) {
  return HmacSha256Hex(secret, absl::StrCat(path, "\n", expires));
}

absl::StatusOr<std::string> RandomHex() {
  std::array<char, kSecretBytes> bytes;
  // Up to 256 bytes are never cut short.
  if (::getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    return ErrnoStatus("cannot get random bytes", errno);
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

absl::Status WriteSecret(const std::string& path, absl::string_view secret) {
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid() ||
      ::write(fd.get(), secret.data(), secret.size()) !=
          static_cast<ssize_t>(secret.size()) ||
      ::fsync(fd.get()) != 0) {
    return ErrnoStatus(absl::StrCat("cannot write ", path), errno);
  }
  return absl::OkStatus();
}

// The file gets its name when it is complete, and only if nobody was first.
absl::Status MakeSecret(const std::string& path) {
  PB_ASSIGN_OR_RETURN(const std::string secret, RandomHex());
  const std::string temporary = absl::StrCat(path, ".tmp-", NewUuid());
  absl::Status status = WriteSecret(temporary, secret);
  if (status.ok() && ::link(temporary.c_str(), path.c_str()) != 0 &&
      errno != EEXIST) {
    status = ErrnoStatus(absl::StrCat("cannot make ", path), errno);
  }
  ::unlink(temporary.c_str());
  return status;
}

}  // namespace

FileTokens::FileTokens(std::string secret, const Clock& clock)
    : secret_(std::move(secret)), clock_(&clock) {}

absl::StatusOr<FileTokens> FileTokens::OpenSecret(const std::string& path,
                                                  const Clock& clock) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    PB_RETURN_IF_ERROR(MakeSecret(path));
  }
  PB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxSecretLength));
  // An operator's editor ends the file with a line break.
  std::string secret(absl::StripAsciiWhitespace(text));
  if (secret.size() < kMinSecretLength) {
    return absl::FailedPreconditionError(absl::StrCat(
        "secret file ", path, " holds ", secret.size(),
        " characters, at least ", kMinSecretLength, " are needed"));
  }
  return FileTokens(std::move(secret), clock);
}

std::string FileTokens::Sign(absl::string_view path,
                             absl::Duration valid_for) const {
  const std::string expires =
      absl::StrCat(absl::ToUnixSeconds(clock_->Now() + valid_for));
  return absl::StrCat(path, "?expires=", expires,
                      "&token=", TokenOf(secret_, path, expires));
}

absl::Status FileTokens::Check(absl::string_view path,
                               absl::string_view expires,
                               absl::string_view token) const {
  // The signature first: of what is not ours, nothing is read.
  if (!ConstantTimeEqual(token, TokenOf(secret_, path, expires))) {
    return absl::PermissionDeniedError(
        "the link is not one that this service gave out");
  }
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(expires, &seconds)) {
    return absl::PermissionDeniedError("the link names no time of expiry");
  }
  const absl::Time until = absl::FromUnixSeconds(seconds);
  if (clock_->Now() >= until) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the link expired at ",
        absl::FormatTime(absl::RFC3339_sec, until, absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

}  // namespace pushbroom
