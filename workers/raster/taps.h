// Which source pixels make a target pixel, along one axis.
#pragma once

#include <cstdint>
#include <vector>

namespace pushbroom {

/// How values of one raster come onto a grid with other pixels.
enum class ResampleMode {
  kNearest,   // the source pixel under the centre
  kBilinear,  // the two around the centre
  kAverage,   // all that the target pixel covers, by the share covered
};

/// Target pixel t covers source coordinates
/// [offset + t * ratio, offset + (t + 1) * ratio).
struct AxisMap {
  double offset = 0, ratio = 1;
  int64_t source_size = 0;
};

/// Weights of source pixels [first, first + weights.size()); they sum to 1.
/// Empty: the target pixel lies outside the source.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

Taps TapsOf(const AxisMap& axis, ResampleMode mode, int64_t target);

/// kAverage where the grid is coarser by 1.5 or more along either axis.
ResampleMode ChooseMode(bool nearest, double ratio_x, double ratio_y);

}  // namespace pushbroom
