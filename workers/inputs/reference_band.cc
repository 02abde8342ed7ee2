#include "workers/inputs/reference_band.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace pushbroom {
namespace {

constexpr double kDecimateFrom = 1.5;

std::optional<double> GsdOf(const std::vector<ModelBand>& bands) {
  std::optional<double> gsd;
  for (const ModelBand& band : bands) {
    if (band.gsd && *band.gsd > 0 && (!gsd || *band.gsd < *gsd)) gsd = band.gsd;
  }
  return gsd;
}

// Without a CRS in units of its own, which is all there is to compare.
double PixelOf(const RasterInfo& info) {
  const auto& g = info.grid.geotransform;
  return info.pixel_size_m.value_or(
      (std::hypot(g[1], g[4]) + std::hypot(g[2], g[5])) / 2);
}

}  // namespace

ReferenceChoice ChooseReference(const std::vector<ModelBand>& bands,
                                const std::vector<const RasterInfo*>& infos,
                                const std::vector<bool>& categorical,
                                bool resolution_given) {
  const std::optional<double> gsd = GsdOf(bands);
  const auto cost = [&](size_t i) {
    const double size = PixelOf(*infos[i]);
    // Georeferences are rounded: nearly the same size is the same.
    const double distance = gsd && infos[i]->pixel_size_m
                                ? std::abs(std::log(size / *gsd))
                                : std::log(size);
    return std::pair(bool{categorical[i]}, std::round(distance * 1000));
  };
  size_t best = 0;
  for (size_t i = 1; i < infos.size(); ++i) {
    if (cost(i) < cost(best)) best = i;
  }
  ReferenceChoice choice;
  choice.band = static_cast<int>(best);
  if (!gsd || !infos[best]->pixel_size_m || resolution_given) return choice;
  const double pixel = *infos[best]->pixel_size_m;
  if (*gsd / pixel >= kDecimateFrom) {
    choice.decimation =
        static_cast<int>(std::clamp(std::round(*gsd / pixel), 1.0, 1e6));
    choice.note = absl::StrFormat(
        "%d by %d pixels of %.3g m are averaged: the model works at %.3g m",
        choice.decimation, choice.decimation, pixel, *gsd);
  } else if (pixel / *gsd >= kDecimateFrom) {
    choice.note = absl::StrFormat(
        "the scene's pixels of %.3g m are coarser than the %.3g m of the model",
        pixel, *gsd);
  }
  return choice;
}

}  // namespace pushbroom
