// The seam under the batcher: one resident model on one device at one tile
// size. LibTorch is behind it, or a puppet in tests.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/pipeline/tile_session.h"

namespace pushbroom {

/// Memory for the input of one batch: tiles × channels × size × size floats.
class BatchInput {
 public:
  virtual ~BatchInput() = default;
  virtual float* values() = 0;
};

/// The predictions of one batch, planar, tile after tile.
class BatchOutput {
 public:
  virtual ~BatchOutput() = default;
  virtual const float* values() const = 0;
};

/// NewInput is thread-safe; Run is called by one thread at a time.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  virtual const TileShape& shape() const = 0;
  /// Tiles in a full batch.
  virtual int batch_size() const = 0;
  /// kResourceExhausted if there is no memory for it.
  virtual absl::StatusOr<std::unique_ptr<BatchInput>> NewInput() = 0;
  /// Runs the first `tiles` of the input, 1 … batch_size. Out of memory it
  /// tries smaller parts before it gives up.
  virtual absl::StatusOr<std::shared_ptr<const BatchOutput>> Run(
      BatchInput& input, int tiles) = 0;
};

}  // namespace pushbroom
