// The files port: bytes of results out, uploads in. They never pass through
// Pistache, which would hold them in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/httpd/httpd_server.h"
#include "service/core/storage/file_tokens.h"
#include "service/core/storage/storage.h"
#include "service/core/telemetry/metrics.h"

namespace pushbroom {

/// What a path of the files port leads to.
struct FileTarget {
  std::string local_path;
  std::string media_type;
  std::string file_name;  // under which browsers save it
};

///   GET, HEAD /results/…?expires=…&token=…
///     the file, whole or one byte range (200, 206, 304, 416); 403 without a
///     valid token, 404 for what the resolver does not know
///   POST /uploads
///     the bytes of one file in the body, whatever its type; 201 with
///     {"href": "upload:<uuid>", "size": n}; 411 without a length or chunks,
///     413 above the limit, 503 while too many upload
/// Errors are application/problem+json. Pages of any origin may read it all:
/// the right to a file is its URL. Thread-safe.
class FilesServer {
 public:
  struct Options {
    std::string bind = "127.0.0.1";
    int port = 0;  // 0: any free one
    int threads = 32;
    absl::Duration chunk_timeout = absl::Seconds(30);
    bool uploads = false;
    int64_t max_upload_bytes = int64_t{1} << 30;
    // Where uploads grow; on the file system of the storage, so that storing
    // them is a rename. Made if absent.
    std::string scratch_directory;
  };

  /// All must outlive it.
  struct Dependencies {
    Storage& storage;
    const FileTokens& tokens;
    Metrics& metrics;
  };

  /// The file behind a path such as "/results/<job>/<output>": decoded and
  /// clean, its token checked. kNotFound where there is none. Called from
  /// several threads.
  using Resolver =
      std::function<absl::StatusOr<FileTarget>(const std::string& path)>;

  /// kUnavailable if the port or the scratch directory cannot be had.
  static absl::StatusOr<std::unique_ptr<FilesServer>> Start(
      Options options, Dependencies dependencies, Resolver resolver);

  int port() const { return server_->port(); }

 private:
  FilesServer(Options options, Dependencies dependencies, Resolver resolver);
  void Handle(HttpExchange& exchange);
  void Download(HttpExchange& exchange);
  void TakeUpload(HttpExchange& exchange);
  void Observe(const HttpExchange& exchange, absl::Duration took);

  const Options options_;
  const Dependencies dependencies_;
  const Resolver resolver_;
  std::atomic<int> uploading_{0};
  std::unique_ptr<HttpdServer> server_;  // last: its threads use the others
};

}  // namespace pushbroom
