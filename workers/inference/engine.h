// Resident models on devices, and the batches they run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "schemas/model.h"
#include "schemas/model_probe.h"
#include "service/core/base/cancellation.h"
#include "workers/pipeline/tile_session.h"

namespace pushbroom {

struct EngineOptions {
  std::string device = "auto";     // "cpu", "cuda", "cuda:1"; auto: best here
  int threads = 0;                 // of one CPU forward; 0: cores of the cgroup
  int max_batch_cpu = 8;           // more buys nothing there
  int max_batch = 64;              // on other devices
  int tile_size = 512;             // where the model leaves H and W free
  int64_t memory_limit_bytes = 0;  // resident models are evicted above; 0: none
  absl::Duration max_delay =
      absl::Milliseconds(50);  // of a tile in an open batch
};

struct SessionOptions {
  int tile = 0;        // one of ModelProbe::tile_sizes
  int batch_size = 0;  // 0: of the model; always capped
};

/// Thread-safe.
class Engine {
 public:
  /// kFailedPrecondition if the device does not exist here.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(
      const EngineOptions& options);
  virtual ~Engine() = default;

  /// Loads the artifact, runs dummy batches, measures. Problems of the model
  /// are diagnostics of the probe, not errors: an error means that probing
  /// itself could not be done (file not readable, cancelled).
  virtual absl::StatusOr<ModelProbe> Probe(const Model& model,
                                           const std::string& artifact_path,
                                           const CancelToken& cancel) = 0;

  /// Opens a session, loading the model if it is not resident. `digest` names
  /// the model: sessions of equal digest share it.
  virtual absl::StatusOr<std::unique_ptr<TileSession>> Open(
      const std::string& digest, const Model& model,
      const std::string& artifact_path, const ModelProbe& probe,
      const SessionOptions& options) = 0;

  virtual std::string device() const = 0;
  /// "libtorch 1.13.1"
  virtual std::string runtime() const = 0;
};

}  // namespace pushbroom
