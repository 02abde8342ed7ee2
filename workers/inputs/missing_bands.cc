#include "workers/inputs/missing_bands.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxListed = 40;

std::string Listed(std::vector<std::string> names) {
  const size_t all = names.size();
  if (all > kMaxListed) {
    names.resize(kMaxListed);
    names.push_back(absl::StrCat("and ", all - kMaxListed, " more"));
  }
  return absl::StrJoin(names, ", ");
}

std::string NameOf(const ModelBand& band) {
  return band.common_name.empty() || band.common_name == band.name
             ? band.name
             : absl::StrCat(band.name, " (", band.common_name, ")");
}

std::string NameOf(const SourceBand& band) {
  if (band.name.empty() && band.common_name.empty()) {
    return band.color.empty()
               ? absl::StrCat(band.number)
               : absl::StrCat(band.number, " (", band.color, ")");
  }
  if (band.name.empty()) return band.common_name;
  return band.common_name.empty() || band.common_name == band.name
             ? band.name
             : absl::StrCat(band.name, " (", band.common_name, ")");
}

// "red: B04 (red)" of an item, "B04" of a raster.
std::string OfferOf(const SourceScene& scene) {
  std::vector<std::string> offers;
  for (const SourceAsset& asset : scene.assets) {
    if (!asset.for_matching) continue;
    std::vector<std::string> bands;
    for (const SourceBand& band : asset.bands) bands.push_back(NameOf(band));
    if (asset.key.empty()) {
      offers = bands;
    } else if (bands.empty() || (bands.size() == 1 && bands[0] == asset.key)) {
      offers.push_back(asset.key);
    } else {
      offers.push_back(
          absl::StrCat(asset.key, ": ", absl::StrJoin(bands, " ")));
    }
  }
  return offers.empty() ? "no raster" : Listed(std::move(offers));
}

bool HasNames(const SourceScene& scene) {
  for (const SourceAsset& asset : scene.assets) {
    for (const SourceBand& band : asset.bands) {
      if (!band.name.empty() || !band.common_name.empty()) return true;
    }
  }
  return false;
}

}  // namespace

absl::Status CheckAllFound(const std::vector<ModelBand>& wanted,
                           const SourceScene& scene,
                           const std::vector<std::optional<BandMatch>>& found) {
  std::vector<std::string> missing, all;
  for (size_t i = 0; i < wanted.size(); ++i) {
    all.push_back(NameOf(wanted[i]));
    if (!found[i]) missing.push_back(NameOf(wanted[i]));
  }
  if (missing.empty()) return absl::OkStatus();
  if (!scene.is_item && !HasNames(scene)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", scene.assets[0].bands.size(), " bands of ", scene.label,
        " have no names, and are not taken by position: say with the input "
        "\"bands\" which number each band of the model has (",
        Listed(std::move(all)), ")"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      scene.label, " lacks ", missing.size() == 1 ? "the band " : "the bands ",
      Listed(std::move(missing)), " of the model; it offers ", OfferOf(scene),
      "; map what is called otherwise with the input \"bands\""));
}

}  // namespace pushbroom
