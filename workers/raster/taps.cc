#include "workers/raster/taps.h"

#include <algorithm>
#include <cmath>

namespace pushbroom {
namespace {

// Georeferences are rounded: edges this near to a pixel's border are on it.
constexpr double kSnap = 1e-3;
constexpr double kAverageFrom = 1.5;

double Snapped(double v) {
  const double whole = std::round(v);
  return std::abs(v - whole) < kSnap ? whole : v;
}

}  // namespace

Taps TapsOf(const AxisMap& axis, ResampleMode mode, int64_t target) {
  Taps taps;
  const auto size = static_cast<double>(axis.source_size);
  const auto t = static_cast<double>(target);
  if (mode == ResampleMode::kAverage) {
    const double begin = std::max(0.0, Snapped(axis.offset + t * axis.ratio));
    const double end =
        std::min(size, Snapped(axis.offset + (t + 1) * axis.ratio));
    if (end <= begin) return taps;
    taps.first = static_cast<int64_t>(std::floor(begin));
    const auto last = static_cast<int64_t>(std::ceil(end));
    for (int64_t i = taps.first; i < last; ++i) {
      const double covered = std::min(end, static_cast<double>(i + 1)) -
                             std::max(begin, static_cast<double>(i));
      taps.weights.push_back(static_cast<float>(covered / (end - begin)));
    }
    return taps;
  }
  const double centre = axis.offset + (t + 0.5) * axis.ratio;
  if (centre < -kSnap || centre > size + kSnap) return taps;
  if (mode == ResampleMode::kNearest) {
    taps.first =
        std::clamp<int64_t>(static_cast<int64_t>(std::floor(centre + 1e-9)), 0,
                            axis.source_size - 1);
    taps.weights = {1.0F};
    return taps;
  }
  const double place = Snapped(centre - 0.5);
  const double low = std::floor(place);
  const auto share = static_cast<float>(place - low);
  taps.first = static_cast<int64_t>(low);
  taps.weights = {1.0F - share, share};
  if (share == 0) taps.weights.pop_back();
  // At the border the one pixel that exists stands for both.
  if (taps.first < 0) {
    taps = {0, {1.0F}};
  } else if (taps.first + static_cast<int64_t>(taps.weights.size()) >
             axis.source_size) {
    taps = {axis.source_size - 1, {1.0F}};
  }
  return taps;
}

ResampleMode ChooseMode(bool nearest, double ratio_x, double ratio_y) {
  if (nearest) return ResampleMode::kNearest;
  return std::max(ratio_x, ratio_y) >= kAverageFrom ? ResampleMode::kAverage
                                                    : ResampleMode::kBilinear;
}

}  // namespace pushbroom
