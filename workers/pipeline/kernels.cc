#include "workers/pipeline/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A step while it is being merged, in double precision.
struct WideStep {
  bool clip = false;
  double gain = 1, bias = 0, low = -kInfinity, high = kInfinity;
};

absl::StatusOr<WideStep> Widen(const ScalingOp& op) {
  WideStep step;
  double divisor = 1;
  switch (op.kind) {
    case ScalingOp::Kind::kMinMax:
      divisor = op.maximum - op.minimum;
      step.bias = -op.minimum;
      break;
    case ScalingOp::Kind::kZScore:
      divisor = op.stddev;
      step.bias = -op.mean;
      break;
    case ScalingOp::Kind::kOffset:
      step.bias = -op.value;
      break;
    case ScalingOp::Kind::kScale:
      divisor = op.value;
      break;
    case ScalingOp::Kind::kMultiply:
      step.gain = op.value;
      return step;
    case ScalingOp::Kind::kClip:
      step.clip = true;
      step.low = op.minimum;
      step.high = op.maximum;
      return step;
    case ScalingOp::Kind::kClipMin:
      step.clip = true;
      step.low = op.minimum;
      return step;
    case ScalingOp::Kind::kClipMax:
      step.clip = true;
      step.high = op.maximum;
      return step;
  }
  if (divisor == 0 || !std::isfinite(divisor)) {
    return absl::InvalidArgumentError(
        absl::StrCat("scaling divides by ", divisor));
  }
  step.gain = 1 / divisor;
  step.bias /= divisor;
  return step;
}

template <typename T>
void ScaleTyped(const T* stored, const uint8_t* valid, int count,
                const ChannelKernel& kernel, float* out) {
  const float gain = kernel.gain, bias = kernel.bias;
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<float>(stored[i]) * gain + bias;
  }
  for (const ChannelKernel::Step& step : kernel.steps) {
    if (step.clip) {
      for (int i = 0; i < count; ++i) {
        out[i] = std::min(std::max(out[i], step.low), step.high);
      }
    } else {
      for (int i = 0; i < count; ++i) out[i] = out[i] * step.gain + step.bias;
    }
  }
  // A select, not a product: stored NaN must not survive where it is invalid.
  for (int i = 0; i < count; ++i) out[i] = valid[i] ? out[i] : 0.0f;
}

template <typename T>
void StatisticsTyped(const T* stored, const uint8_t* valid, int count,
                     RowStatistics& statistics) {
  using Sum = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  T low = std::numeric_limits<T>::max();
  T high = std::numeric_limits<T>::lowest();
  Sum sum = 0;
  int64_t used = 0;
  for (int i = 0; i < count; ++i) {
    const bool ok = valid[i] != 0;
    const T value = stored[i];
    low = ok && value < low ? value : low;
    high = ok && value > high ? value : high;
    sum += ok ? static_cast<Sum>(value) : Sum{0};
    used += ok;
  }
  if (used == 0) return;
  const bool first = statistics.count == 0;
  statistics.minimum = first ? static_cast<double>(low)
                             : std::min(statistics.minimum, double(low));
  statistics.maximum = first ? static_cast<double>(high)
                             : std::max(statistics.maximum, double(high));
  statistics.sum += static_cast<double>(sum);
  statistics.count += used;
}

template <typename F>
void WithType(SampleType type, const void* stored, F f) {
  switch (type) {
    case SampleType::kUint8:
      return f(static_cast<const uint8_t*>(stored));
    case SampleType::kUint16:
      return f(static_cast<const uint16_t*>(stored));
    case SampleType::kInt16:
      return f(static_cast<const int16_t*>(stored));
    case SampleType::kFloat32:
      return f(static_cast<const float*>(stored));
  }
}

}  // namespace

absl::StatusOr<ChannelKernel> CompileRecipe(const ChannelRecipe& recipe) {
  std::vector<WideStep> merged = {
      {false, recipe.scale, recipe.offset, -kInfinity, kInfinity}};
  for (const ScalingOp& op : recipe.scaling) {
    PB_ASSIGN_OR_RETURN(const WideStep step, Widen(op));
    WideStep& last = merged.back();
    if (!step.clip && !last.clip) {
      last.gain *= step.gain;
      last.bias = last.bias * step.gain + step.bias;
    } else {
      merged.push_back(step);
    }
  }
  ChannelKernel kernel;
  kernel.gain = static_cast<float>(merged[0].gain);
  kernel.bias = static_cast<float>(merged[0].bias);
  for (size_t i = 1; i < merged.size(); ++i) {
    kernel.steps.push_back({merged[i].clip, static_cast<float>(merged[i].gain),
                            static_cast<float>(merged[i].bias),
                            static_cast<float>(merged[i].low),
                            static_cast<float>(merged[i].high)});
  }
  return kernel;
}

void ScaleRow(SampleType type, const void* stored, const uint8_t* valid,
              int count, const ChannelKernel& kernel, float* out) {
  WithType(type, stored, [&](const auto* values) {
    ScaleTyped(values, valid, count, kernel, out);
  });
}

void AddStatistics(SampleType type, const void* stored, const uint8_t* valid,
                   int count, RowStatistics& statistics) {
  WithType(type, stored, [&](const auto* values) {
    StatisticsTyped(values, valid, count, statistics);
  });
}

void ArgmaxRow(const float* planes, size_t plane_stride, int channels,
               int count, const uint8_t* table, uint8_t* out) {
  // Blocks that stay in the first-level cache, one channel after the other.
  constexpr int kBlock = 1024;
  float best[kBlock];
  uint8_t index[kBlock];
  for (int begin = 0; begin < count; begin += kBlock) {
    const int n = std::min(kBlock, count - begin);
    const float* plane = planes + begin;
    std::memcpy(best, plane, static_cast<size_t>(n) * sizeof(float));
    std::memset(index, 0, static_cast<size_t>(n));
    for (int c = 1; c < channels; ++c) {
      plane += plane_stride;
      const auto label = static_cast<uint8_t>(c);
      for (int i = 0; i < n; ++i) {
        const bool greater = plane[i] > best[i];
        best[i] = greater ? plane[i] : best[i];
        index[i] = greater ? label : index[i];
      }
    }
    for (int i = 0; i < n; ++i) out[begin + i] = table[index[i]];
  }
}

void ThresholdRow(const float* values, int count, float threshold, uint8_t low,
                  uint8_t high, uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    out[i] = values[i] >= threshold ? high : low;
  }
}

void ProbabilityRow(float* planes, size_t plane_stride, int channels,
                    int count) {
  if (channels == 1) {
    for (int i = 0; i < count; ++i) {
      planes[i] = 1.0f / (1.0f + std::exp(-planes[i]));
    }
    return;
  }
  for (int i = 0; i < count; ++i) {
    float* value = planes + i;
    float largest = value[0];
    for (int c = 1; c < channels; ++c) {
      largest = std::max(largest, value[c * plane_stride]);
    }
    float sum = 0;
    for (int c = 0; c < channels; ++c) {
      float& v = value[c * plane_stride];
      v = std::exp(v - largest);
      sum += v;
    }
    for (int c = 0; c < channels; ++c) value[c * plane_stride] /= sum;
  }
}

bool AnyValid(const uint8_t* valid, int count) {
  uint8_t any = 0;
  for (int i = 0; i < count; ++i) any |= valid[i];
  return any != 0;
}

}  // namespace pushbroom
