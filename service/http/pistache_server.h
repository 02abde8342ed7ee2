// The HTTP server of the API: Pistache carries the bytes, RequestReader and
// SerializeResponse speak HTTP, a handler answers. The only user of Pistache.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/api/message.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/http/parking_lot.h"

namespace pushbroom {

struct HttpServerOptions {
  std::string bind = "127.0.0.1";
  int port = 8080;  // 0: any free one
  int threads = 4;  // fewer than 2 are made 2
  int64_t max_body_bytes = 1 << 20;
  // From the last complete request (or the start) to the next one, and longer
  // than a synchronous execution may take.
  absl::Duration connection_timeout = absl::Seconds(60);
  ParkingOptions parking;
};

/// One answered request, for metrics and logs.
struct HttpAccess {
  api::Method method = api::Method::kOther;
  std::string path;
  std::string route;  // template; empty: none matched
  std::string request_id;
  int status = 0;
  int64_t response_bytes = 0;
  absl::Duration duration;  // parked time included
};

/// Thread-safe.
class PistacheServer {
 public:
  /// Called on several threads at once; must not block for long. What it
  /// throws becomes a 500.
  using Handler = std::function<api::Answer(const api::Request&)>;
  using OnAccess = std::function<void(const HttpAccess&)>;

  /// Answers requests when this returns. `store`, `wakeup` and `clock` must
  /// outlive the server; they serve the answers that the handler parks.
  /// kUnavailable if the address is taken; kInvalidArgument if it is none.
  static absl::StatusOr<std::unique_ptr<PistacheServer>> Start(
      const HttpServerOptions& options, Handler handler, OnAccess on_access,
      JobStore& store, Wakeup& wakeup, const Clock& clock);

  /// Stops at once; see Drain.
  ~PistacheServer();

  int port() const;
  /// Requests being answered, parked ones included.
  int64_t in_flight() const;

  /// Refuses new requests (503), answers parked ones with what is known, and
  /// waits until all are answered or `timeout` has passed; true if all were.
  bool Drain(absl::Duration timeout);

 private:
  class Impl;
  explicit PistacheServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pushbroom
