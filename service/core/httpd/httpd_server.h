// The small HTTP server behind the ops port and the files port; the only user
// of civetweb. The API is not served here: that is service/http.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/httpd/http_exchange.h"

namespace pushbroom {

/// A thread serves a request from beginning to end and closes its connection.
/// Thread-safe.
class HttpdServer {
 public:
  struct Options {
    std::string bind = "127.0.0.1";  // an IPv4 or IPv6 address
    int port = 0;                    // 0: any free one
    int threads = 8;
    absl::Duration head_timeout = absl::Seconds(10);
    // For 64 KiB of a body in either direction; who is slower is cut off.
    absl::Duration chunk_timeout = absl::Seconds(30);
  };

  /// Runs on many threads at once. What it throws becomes a 500; where it
  /// sends nothing, a 404.
  using Handler = std::function<void(HttpExchange&)>;

  /// Called after each answer, with the time from the request's head.
  using Observer =
      std::function<void(const HttpExchange&, absl::Duration took)>;

  /// Listens. kUnavailable names the address if it cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpdServer>> Start(
      const Options& options, Handler handler, Observer observer = {});

  /// Takes no more requests, breaks off those in progress and waits for their
  /// handlers.
  ~HttpdServer();

  int port() const;

 private:
  class Impl;
  explicit HttpdServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pushbroom
