// Files on web servers, block by block, through the guarded client. Knows
// nothing of GDAL.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/net/http_client.h"

namespace pushbroom {

/// What is known of a remote file. Immutable.
struct RemoteFile {
  std::string url, etag;
  int64_t size = 0;
  std::string head;  // its first bytes; all of them without range requests
  absl::Time seen;
};

/// Remembers files that were opened a moment ago and why others were not.
/// Thread-safe.
class RemoteFiles {
 public:
  // What the first request asks for: one block of GDAL's cache above us, so
  // that it serves everything a small header needs, and tells the size too.
  static constexpr int64_t kHeadBytes = 256 * 1024;

  /// The one of this process.
  static RemoteFiles& Get();

  // What one read or opening may take, with everything that is tried again.
  static constexpr absl::Duration kPatience = absl::Seconds(55);

  /// `client` must outlive every use; forgets everything.
  void SetClient(HttpClient* client, absl::Duration patience = kPatience);

  /// Looks the file up, or asks for its head. Where the server serves no
  /// ranges, the whole file, up to 64 MiB (kResourceExhausted above it).
  absl::StatusOr<std::shared_ptr<const RemoteFile>> Open(
      const std::string& url);

  /// Bytes [offset, offset + length) as far as the file goes. kUnavailable if
  /// it is no longer the file that was opened; kInvalidArgument where either
  /// number is negative.
  absl::StatusOr<std::string> ReadRange(const RemoteFile& file, int64_t offset,
                                        int64_t length);

  /// Why the last call for `url` failed; OK if it did not.
  absl::Status ErrorOf(const std::string& url);

 private:
  struct Failure {
    absl::Status status;
    absl::Time seen;
  };
  using FilePointer = std::shared_ptr<const RemoteFile>;

  void Remember(const std::string& url, const absl::Status& status);
  absl::Time GiveUpAt();
  absl::StatusOr<HttpResponse> Send(HttpRequest request, absl::Time give_up);
  absl::StatusOr<FilePointer> Fetch(const std::string& url);
  absl::StatusOr<FilePointer> FetchWhole(const std::string& url,
                                         absl::Time give_up);
  absl::StatusOr<std::string> DoReadRange(const RemoteFile& file,
                                          int64_t offset, int64_t length);

  absl::Mutex mutex_;
  HttpClient* client_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::Duration patience_ ABSL_GUARDED_BY(mutex_) = kPatience;
  std::map<std::string, FilePointer> files_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Failure> errors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pushbroom
