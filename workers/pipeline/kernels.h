// The inner loops, one row or block at a time, written so that the compiler
// vectorizes them. Fusing scaling into the copy and argmax into one pass is 7
// and 17 times faster than the tensor operations that do the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/pipeline/pipeline.h"
#include "workers/pipeline/strip_source.h"

namespace pushbroom {

/// A ChannelRecipe, compiled: y = x * gain + bias first, then `steps`.
/// Immutable.
struct ChannelKernel {
  struct Step {
    bool clip = false;  // else affine
    float gain = 1, bias = 0;
    float low = 0, high = 0;  // ±infinity where open
  };
  float gain = 1, bias = 0;
  std::vector<Step> steps;
};

/// Neighbouring affine steps are merged in double precision. kInvalidArgument
/// for a zero divisor.
absl::StatusOr<ChannelKernel> CompileRecipe(const ChannelRecipe& recipe);

/// `count` stored values → tensor values; 0 where `valid` is 0.
void ScaleRow(SampleType type, const void* stored, const uint8_t* valid,
              int count, const ChannelKernel& kernel, float* out);

/// Adds one row to running statistics; `sum` is exact for integers.
struct RowStatistics {
  double minimum = 0, maximum = 0, sum = 0;
  int64_t count = 0;
};
void AddStatistics(SampleType type, const void* stored, const uint8_t* valid,
                   int count, RowStatistics& statistics);

/// values[c][i] at planes + c * plane_stride + i → the index of the largest,
/// mapped by `table`. The first of equals wins, as in torch.argmax.
void ArgmaxRow(const float* planes, size_t plane_stride, int channels,
               int count, const uint8_t* table, uint8_t* out);

/// out = value >= threshold ? high : low
void ThresholdRow(const float* values, int count, float threshold, uint8_t low,
                  uint8_t high, uint8_t* out);

/// Softmax over the channels, in place; sigmoid if there is one channel.
void ProbabilityRow(float* planes, size_t plane_stride, int channels,
                    int count);

/// True if any of `count` bytes is not 0.
bool AnyValid(const uint8_t* valid, int count);

}  // namespace pushbroom
