// How much memory a job will take: the formula of README.md.
#pragma once

#include <cstdint>

namespace pushbroom {

struct MemoryFacts {
  int64_t width = 0;  // of the target grid, pixels
  int bands = 0, sample_bytes = 0;
  int tile = 0, overlap = 0, batch_size = 0, output_channels = 0;
  bool probabilities = false;
  int64_t model_bytes = 0;  // as probed: weights and activations
};

/// Bytes in flight while the job runs; does not depend on the height.
int64_t PlannedMemoryBytes(const MemoryFacts& facts);

}  // namespace pushbroom
