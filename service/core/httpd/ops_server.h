// Health and metrics, on a port of their own in both programs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/core/httpd/httpd_server.h"
#include "service/core/telemetry/metrics.h"

namespace pushbroom {

///   /livez     200 while this process gets on; never looks at others
///   /readyz    200 when it can do its work, else 503
///   /startupz  200 once it has started, else 503
///   /metrics   the text format of Prometheus
/// The body says "ok", or the reason; with ?verbose all checks are listed.
/// Thread-safe.
class OpsServer {
 public:
  /// A check answers at once, from what is known; its message is the reason
  /// that people see. Called from several threads.
  struct Check {
    std::string name;
    std::function<absl::Status()> run;
  };
  struct Options {
    std::string bind = "127.0.0.1";
    int port = 0;  // 0: any free one
    std::vector<Check> live, ready, started;
  };

  /// `metrics` must outlive it. kUnavailable if the port cannot be had.
  static absl::StatusOr<std::unique_ptr<OpsServer>> Start(Options options,
                                                          Metrics& metrics);

  int port() const { return server_->port(); }

 private:
  OpsServer(Options options, Metrics& metrics);
  void Handle(HttpExchange& exchange) const;

  const Options options_;
  Metrics& metrics_;
  std::unique_ptr<HttpdServer> server_;  // last: its threads use the others
};

}  // namespace pushbroom
