// What a worker found out when it loaded a model and ran dummy batches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/diagnostics.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// Fixes what every later job over this model uses, so that a retry and another
/// worker compute the same.
struct ModelProbe {
  bool runnable = false;
  std::vector<Diagnostic> diagnostics;  // why not, and what was noticed

  std::string device;           // "cpu", "cuda:0"
  std::string runtime;          // "libtorch 1.13.1"
  std::vector<int> tile_sizes;  // pixels, ascending; what H and W allow
  int size_multiple = 1;        // H and W must be a multiple of this
  int output_channels = 0;      // size of the class axis, 1 if none
  int output_scale = 1;         // output pixels per input pixel
  std::string activation;       // "logits" or "probabilities"
  bool optimized = false;       // frozen and optimised module is in use
  double seconds_per_tile = 0;  // at the largest tile and full batch
  int64_t memory_bytes = 0;     // resident growth while it ran
  int batch_size = 1;           // the largest warmed batch
};

Json ToJson(const ModelProbe& probe);
absl::StatusOr<ModelProbe> ModelProbeFromJson(const Json& json);

}  // namespace pushbroom
