#include "workers/inputs/source_scene.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

// Colours name a band; "gray", "palette" and the like do not.
std::string ColorName(const std::string& interpretation) {
  for (const char* color : {"red", "green", "blue"}) {
    if (interpretation == color) return color;
  }
  return "";
}

}  // namespace

int CountBands(const RasterInfo& info) {
  int count = 0;
  for (const RasterBandInfo& band : info.bands) count += band.is_mask ? 0 : 1;
  return count;
}

void TakeInfo(RasterInfo info, SourceAsset& asset) {
  if (!asset.described) {
    // What was a guess from the asset's key is replaced by what is there.
    asset.bands.clear();
    for (size_t i = 0; i < info.bands.size(); ++i) {
      SourceBand band;
      band.number = static_cast<int>(i) + 1;
      band.name = info.bands[i].description;
      asset.bands.push_back(std::move(band));
    }
  }
  for (SourceBand& band : asset.bands) {
    if (band.number < 1 || band.number > static_cast<int>(info.bands.size())) {
      continue;
    }
    band.color = ColorName(info.bands[band.number - 1].color_interpretation);
  }
  asset.info = std::move(info);
}

SourceScene BareRaster(const std::string& href, const std::string& location,
                       RasterInfo info) {
  SourceScene scene;
  scene.label = absl::StrCat("raster ", href);
  scene.source.href = href;
  scene.datetime = info.datetime;
  SourceAsset asset;
  asset.href = href;
  asset.location = location;
  TakeInfo(std::move(info), asset);
  scene.assets.push_back(std::move(asset));
  return scene;
}

}  // namespace pushbroom
