// The composition root of `pushbroom-worker serve`: owns every object, in the
// order of dependence.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/core/config/config.h"
#include "service/core/config/data_layout.h"
#include "service/core/httpd/ops_server.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/core/net/http_client.h"
#include "service/core/storage/storage.h"
#include "service/core/telemetry/metrics.h"
#include "workers/dispatcher.h"
#include "workers/inference/engine.h"
#include "workers/inputs/scene_resolver.h"
#include "workers/job_runner.h"
#include "workers/worker.h"

namespace pushbroom {

/// What `serve` and `run` share: how the configuration becomes the engine's
/// and the runner's options.
EngineOptions EngineOptionsFor(const Config& config);
RunnerOptions RunnerOptionsFor(const Config& config);

/// Thread-safe.
class WorkerApp {
 public:
  /// Opens store, storage, device and ops port. `worker_id` must be a valid id;
  /// leftovers of a worker of the same id are removed.
  static absl::StatusOr<std::unique_ptr<WorkerApp>> Create(
      const Config& config, const std::string& worker_id, int ops_port);
  ~WorkerApp();

  /// As Worker's.
  void Run() { worker_->Run(); }
  void Drain() { worker_->Drain(); }
  void Abandon();

  int ops_port() const { return ops_->port(); }

 private:
  explicit WorkerApp(const Config& config);
  absl::Status Open(const std::string& worker_id, int ops_port);
  void RemoveScratch();
  void Count(const AttemptOutcome& outcome);

  const Config config_;
  const DataLayout layout_;
  std::string scratch_;
  Metrics metrics_;
  std::unique_ptr<UrlPolicy> policy_;
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<SceneResolver> resolver_;
  std::unique_ptr<JobRunner> runner_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<OpsServer> ops_;
};

}  // namespace pushbroom
