// What a job is run with: its request, the model's limits and the
// configuration become one checked set of numbers.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "schemas/model_probe.h"

namespace pushbroom {

struct RunDefaults {
  int overlap = 64;  // pixels; made smaller where the tile is small
};

struct RunSettings {
  int tile = 0, overlap = 0, batch_size = 0;
  double threshold = 0.5;
};

/// kInvalidArgument with the pointer of the input: an overlap that is odd,
/// negative or above half of the tile; a batch size below 1; a threshold
/// outside 0..1 or for a model with more than one output channel.
/// kFailedPrecondition if the probe names no tile size.
absl::StatusOr<RunSettings> SettingsFor(const ExecuteRequest& request,
                                        const ModelProbe& probe,
                                        const RunDefaults& defaults,
                                        int64_t width, int64_t height);

}  // namespace pushbroom
