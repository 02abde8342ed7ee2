#include "service/files/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

absl::Status TooLarge(int64_t max_bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the upload has more than ", max_bytes,
                   " bytes, the limit (http.max_upload_bytes)"));
}

absl::Status WriteAll(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return absl::UnavailableError(
          absl::StrCat("the upload cannot be kept: ", std::strerror(errno)));
    }
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CopyBody(HttpExchange& exchange, int fd,
                                 int64_t max_bytes) {
  std::string piece(kPieceBytes, '\0');
  int64_t total = 0;
  for (;;) {
    PB_ASSIGN_OR_RETURN(const size_t got,
                        exchange.ReadBody(piece.data(), piece.size()));
    if (got == 0) return total;
    total += static_cast<int64_t>(got);
    if (total > max_bytes) return TooLarge(max_bytes);
    PB_RETURN_IF_ERROR(WriteAll(fd, piece.data(), got));
  }
}

}  // namespace

absl::StatusOr<Upload> ReceiveUpload(HttpExchange& exchange, Storage& storage,
                                     const std::string& scratch_directory,
                                     int64_t max_bytes) {
  // Refused before a byte is read, where the client says what is coming.
  if (exchange.content_length().value_or(0) > max_bytes) {
    return TooLarge(max_bytes);
  }
  Upload upload;
  upload.id = NewUuid();
  const std::string path =
      absl::StrCat(scratch_directory, "/upload-", upload.id);
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("the upload cannot be kept: ", std::strerror(errno)));
  }
  // Gone already where PutFile has moved it.
  const absl::Cleanup remove_file = [&path] { unlink(path.c_str()); };
  const auto copied = CopyBody(exchange, fd, max_bytes);
  const bool closed = close(fd) == 0;
  PB_RETURN_IF_ERROR(copied.status());
  if (!closed) return absl::UnavailableError("the upload cannot be kept");
  if (*copied == 0) {
    return absl::InvalidArgumentError("the body of the upload is empty");
  }
  upload.size_bytes = *copied;
  PB_RETURN_IF_ERROR(
      storage.PutFile(absl::StrCat("uploads/", upload.id), path));
  return upload;
}

}  // namespace pushbroom
