#include "workers/inputs/band_matcher.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

bool Same(absl::string_view a, absl::string_view b) {
  return !a.empty() && absl::EqualsIgnoreCase(a, b);
}

/// What is known when two bands are compared.
struct Context {
  Sensor model = Sensor::kUnknown;
  Sensor scene = Sensor::kUnknown;
};

// B5 of one sensor is not B5 of another.
bool NumbersDisagree(const ModelBand& model, const SourceBand& source,
                     const Context& context) {
  return context.model != Sensor::kUnknown &&
         context.scene != Sensor::kUnknown && context.model != context.scene &&
         !NumberOf(model.name).empty() && !NumberOf(source.name).empty();
}

bool Matches(MatchKind kind, const ModelBand& model, const SourceAsset& asset,
             const SourceBand& source, const Context& context) {
  switch (kind) {
    case MatchKind::kName:
      return !source.name.empty() && model.name == source.name &&
             !NumbersDisagree(model, source, context);
    case MatchKind::kNameAnyCase:
      return Same(model.name, source.name) &&
             !NumbersDisagree(model, source, context);
    case MatchKind::kHead:
      return Same(HeadOf(model.name), HeadOf(source.name)) &&
             !NumbersDisagree(model, source, context);
    case MatchKind::kCommonName:
      return Same(model.common_name, source.common_name) ||
             Same(model.name, source.common_name) ||
             Same(model.common_name, source.name);
    case MatchKind::kAlias:
      return AreAliases({model.name, model.common_name}, context.model,
                        {source.name, source.common_name}, context.scene);
    case MatchKind::kColor:
      return Same(model.common_name, source.color) ||
             Same(model.name, source.color);
    case MatchKind::kAssetKey:
      return !asset.described && source.name.empty() &&
             (Same(model.name, asset.key) ||
              Same(model.common_name, asset.key) ||
              AreAliases({model.name, model.common_name}, context.model,
                         {asset.key, ""}, context.scene));
    case MatchKind::kExplicit:
    case MatchKind::kOnly:
      return false;
  }
  return false;
}

constexpr MatchKind kByName[] = {MatchKind::kName,    MatchKind::kNameAnyCase,
                                 MatchKind::kHead,    MatchKind::kCommonName,
                                 MatchKind::kAlias,   MatchKind::kColor,
                                 MatchKind::kAssetKey};

// What one band is called, to tell copies of it (other resolutions, pictures)
// from other bands that share a common name.
std::string Identity(const SourceAsset& asset, const SourceBand& band) {
  const std::string number = NumberOf(band.name);
  if (!number.empty()) return number;
  return absl::AsciiStrToLower(
      band.name.empty() && band.common_name.empty()
          ? absl::StrCat(asset.key, ":", band.number)
          : absl::StrCat(band.name, "/", band.common_name));
}

std::optional<BandMatch> BestOf(std::vector<BandMatch> found,
                                const SourceScene& scene) {
  const auto rank = [&](const BandMatch& match) {
    const SourceAsset& asset = scene.assets[match.asset];
    return std::make_tuple(asset.preference, asset.bands.size(),
                           asset.gsd.value_or(0), match.asset,
                           match.band.number);
  };
  return *std::min_element(
      found.begin(), found.end(),
      [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

std::optional<BandMatch> Find(const ModelBand& model, const SourceScene& scene,
                              const Context& context) {
  for (const MatchKind kind : kByName) {
    std::vector<BandMatch> found;
    std::vector<std::string> identities;
    for (size_t a = 0; a < scene.assets.size(); ++a) {
      const SourceAsset& asset = scene.assets[a];
      if (!asset.for_matching) continue;
      std::vector<SourceBand> bands = asset.bands;
      // An asset that nothing describes may be one band, called as its key.
      if (bands.empty()) bands.emplace_back();
      for (const SourceBand& band : bands) {
        if (kind == MatchKind::kAssetKey && bands.size() != 1) continue;
        if (!Matches(kind, model, asset, band, context)) continue;
        found.push_back({a, band, kind});
        identities.push_back(Identity(asset, band));
      }
    }
    if (found.empty()) continue;
    const bool ambiguous =
        std::any_of(identities.begin(), identities.end(),
                    [&](const auto& id) { return id != identities[0]; });
    if (ambiguous && kind >= MatchKind::kCommonName &&
        kind != MatchKind::kAssetKey) {
      continue;
    }
    return BestOf(std::move(found), scene);
  }
  return std::nullopt;
}

// Nothing but the one band there is, in a raster without names.
std::optional<BandMatch> OnlyBand(const SourceScene& scene) {
  if (scene.is_item || scene.assets.size() != 1) return std::nullopt;
  const SourceAsset& asset = scene.assets[0];
  if (!asset.info || CountBands(*asset.info) != 1 ||
      !asset.bands[0].name.empty()) {
    return std::nullopt;
  }
  return BandMatch{0, asset.bands[0], MatchKind::kOnly};
}

void DropSharedBands(const std::vector<ModelBand>& wanted,
                     std::vector<std::optional<BandMatch>>& matches) {
  for (size_t i = 0; i < matches.size(); ++i) {
    for (size_t j = i + 1; j < matches.size(); ++j) {
      if (!matches[i] || !matches[j] ||
          matches[i]->asset != matches[j]->asset ||
          matches[i]->band.number != matches[j]->band.number ||
          wanted[i].name == wanted[j].name) {
        continue;
      }
      (matches[i]->kind > matches[j]->kind ? matches[i] : matches[j]).reset();
      if (!matches[i]) break;
    }
  }
}

std::string NamesOf(const std::vector<ModelBand>& bands) {
  return absl::StrJoin(bands, ", ", [](std::string* out, const ModelBand& b) {
    absl::StrAppend(out, b.name);
  });
}

absl::StatusOr<size_t> AssetOf(const BandBinding& binding,
                               const SourceScene& scene) {
  if (!scene.is_item) {
    if (binding.asset.empty()) return 0;
    return absl::InvalidArgumentError(
        absl::StrCat("the scene is a raster and has no asset \"", binding.asset,
                     "\"; give the number of the band alone"));
  }
  std::vector<std::string> keys;
  for (size_t i = 0; i < scene.assets.size(); ++i) {
    if (scene.assets[i].key == binding.asset) return i;
    if (scene.assets[i].for_matching) keys.push_back(scene.assets[i].key);
  }
  if (binding.asset.empty() && keys.size() == 1) {
    for (size_t i = 0; i < scene.assets.size(); ++i) {
      if (scene.assets[i].for_matching) return i;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(scene.label,
                   binding.asset.empty()
                       ? " has several assets, name one"
                       : absl::StrCat(" has no asset \"", binding.asset, "\""),
                   ": ", absl::StrJoin(keys, ", ")));
}

}  // namespace

std::vector<std::optional<BandMatch>> MatchBands(
    const std::vector<ModelBand>& wanted, const SourceScene& scene) {
  std::vector<BandLabels> labels;
  for (const ModelBand& band : wanted) {
    labels.push_back({band.name, band.common_name});
  }
  Context context;
  context.model = SensorOfBands(labels);
  context.scene = scene.sensor;
  if (context.scene == Sensor::kUnknown) {
    std::vector<BandLabels> own;
    for (const SourceAsset& asset : scene.assets) {
      for (const SourceBand& band : asset.bands) {
        own.push_back({band.name, band.common_name});
      }
    }
    context.scene = SensorOfBands(own);
  }
  std::vector<std::optional<BandMatch>> matches;
  for (const ModelBand& band : wanted) {
    matches.push_back(Find(band, scene, context));
  }
  if (wanted.size() == 1 && !matches[0]) matches[0] = OnlyBand(scene);
  DropSharedBands(wanted, matches);
  return matches;
}

absl::Status ApplyBindings(const std::map<std::string, BandBinding>& bindings,
                           const std::vector<ModelBand>& wanted,
                           const SourceScene& scene,
                           std::vector<std::optional<BandMatch>>& matches) {
  for (const auto& [name, binding] : bindings) {
    const std::string pointer =
        absl::StrCat("/inputs/bands/", PointerToken(name));
    const auto asset = AssetOf(binding, scene);
    if (!asset.ok()) return WithPointer(asset.status(), pointer);
    BandMatch match;
    match.kind = MatchKind::kExplicit;
    match.asset = *asset;
    match.band.number = binding.band;
    for (const SourceBand& band : scene.assets[*asset].bands) {
      if (band.number == binding.band) match.band = band;
    }
    bool known = false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!Same(wanted[i].name, name) && !Same(wanted[i].common_name, name)) {
        continue;
      }
      matches[i] = match;
      known = true;
    }
    if (!known) {
      return WithPointer(absl::InvalidArgumentError(
                             absl::StrCat("the model has no band \"", name,
                                          "\"; it reads ", NamesOf(wanted))),
                         pointer);
    }
  }
  return absl::OkStatus();
}

}  // namespace pushbroom
