// A TorchScript module on a device: loaded, frozen, optimised where that is
// equal and faster. The only header beside device.h that LibTorch hides behind.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schemas/model.h"
#include "schemas/model_probe.h"
#include "workers/inference/batch_runner.h"
#include "workers/inference/device.h"

namespace pushbroom {

/// Thread-compatible; a runner made of it shares the module.
class TorchModel {
 public:
  enum class Optimize {
    kNo,
    kYes,     // an earlier probe found it equal and faster
    kDecide,  // compare with the raw module and measure
  };

  /// Reads the archive, which runs code of the model: only what an operator
  /// registered comes here. kInvalidArgument if it does not load.
  static absl::StatusOr<std::unique_ptr<TorchModel>> Load(
      const Model& model, const std::string& path, const Device& device);
  virtual ~TorchModel() = default;

  /// Freezes, and optimises as asked. `size` is a tile size that works.
  /// kUnimplemented if LibTorch cannot: the module then runs as it was loaded.
  virtual absl::Status Prepare(Optimize optimize, int size) = 0;
  virtual bool optimized() const = 0;

  /// What comes out for one input of `size` × `size`.
  struct Shape {
    int channels = 0;  // 1 where there is no class axis
    int height = 0, width = 0;
    bool looks_like_probabilities = false;
  };
  /// Runs `batch` random tiles. kInvalidArgument if forward fails or gives
  /// something else than one tensor of the declared rank; the message is
  /// LibTorch's, shortened.
  virtual absl::StatusOr<Shape> TryRun(int batch, int size) = 0;

  /// A runner for one tile size. The model may go; the module stays.
  virtual std::unique_ptr<BatchRunner> NewRunner(const TileShape& shape,
                                                 int batch_size) = 0;
};

}  // namespace pushbroom
