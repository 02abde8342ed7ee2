#include "workers/inputs/scene_resolver.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "workers/inputs/band_matcher.h"
#include "workers/inputs/follow.h"
#include "workers/inputs/missing_bands.h"
#include "workers/inputs/radiometry.h"
#include "workers/inputs/reference_band.h"
#include "workers/inputs/source_scene.h"
#include "workers/raster/raster_info.h"

namespace pushbroom {
namespace {

// Opening is waiting, where rasters are remote.
constexpr size_t kOpeners = 8;
// Assets without band metadata that are opened to see what they are.
constexpr size_t kMaxLooks = 16;

std::string PointerFor(const ModelInput& input,
                       const std::vector<SceneReference>& references,
                       const ExecuteRequest& request) {
  std::string id = ToId(input.name);
  if (request.scenes.size() == 1) id = request.scenes.begin()->first;
  for (const auto& [name, scenes] : request.scenes) {
    if (&scenes == &references) id = name;
  }
  return absl::StrCat("/inputs/", PointerToken(id));
}

// The n-th occurrence of a band's name reads from the n-th scene.
std::vector<size_t> SceneOfBands(const std::vector<ModelBand>& bands) {
  std::map<std::string, size_t> seen;
  std::vector<size_t> scenes;
  for (const ModelBand& band : bands) scenes.push_back(seen[band.name]++);
  return scenes;
}

absl::Status CheckCount(size_t needed, size_t given) {
  if (needed == given) return absl::OkStatus();
  if (needed == 1) {
    return absl::UnimplementedError(absl::StrCat(
        given,
        " scenes are given; the model reads one, and scenes are not "
        "joined into a mosaic"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(given, given == 1 ? " scene is" : " scenes are",
                   " given; the model's "
                   "bands repeat ",
                   needed, " times and need a scene each"));
}

absl::Status Open(Follower& follower, SourceAsset& asset) {
  if (asset.info) return absl::OkStatus();
  if (asset.location.empty()) {
    PB_ASSIGN_OR_RETURN(asset.location, follower.Locate(asset.href));
  }
  PB_ASSIGN_OR_RETURN(RasterInfo info, ReadRasterInfo(asset.location));
  TakeInfo(std::move(info), asset);
  return absl::OkStatus();
}

absl::Status OpenAll(Follower& follower, const std::vector<size_t>& which,
                     SourceScene& scene, const CancelToken& cancel) {
  std::vector<absl::Status> results(which.size());
  const size_t threads = std::min(which.size(), kOpeners);
  const auto run = [&](size_t first) {
    for (size_t i = first; i < which.size(); i += threads) {
      results[i] = cancel.status();
      if (!results[i].ok()) return;
      results[i] = Open(follower, scene.assets[which[i]]);
    }
  };
  std::vector<std::thread> pool;
  for (size_t t = 1; t < threads; ++t) pool.emplace_back(run, t);
  if (threads > 0) run(0);
  for (std::thread& thread : pool) thread.join();
  for (size_t i = 0; i < which.size(); ++i) {
    if (results[i].ok()) continue;
    const std::string& key = scene.assets[which[i]].key;
    return key.empty()
               ? results[i]
               : Annotate(results[i],
                          absl::StrCat(scene.label, ", asset \"", key, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceScene> OpenReference(Follower& follower,
                                          const SceneReference& reference,
                                          const CancelToken& cancel) {
  if (!reference.item.is_null()) return ReadStacItem(reference.item, "");
  PB_ASSIGN_OR_RETURN(Followed followed, follower.Follow(reference, cancel));
  if (followed.json.is_null()) {
    PB_ASSIGN_OR_RETURN(RasterInfo info, ReadRasterInfo(followed.location));
    return BareRaster(reference.href, followed.location, std::move(info));
  }
  PB_ASSIGN_OR_RETURN(SourceScene scene,
                      ReadStacItem(followed.json, followed.base));
  scene.source.href = reference.href;
  if (scene.source.self_href.empty() && IsWebUrl(followed.base)) {
    scene.source.self_href = followed.base;
  }
  return scene;
}

bool AnyMissing(const std::vector<std::optional<BandMatch>>& matches) {
  return std::any_of(matches.begin(), matches.end(),
                     [](const auto& match) { return !match; });
}

// Opens what the metadata does not describe, where bands are still missing.
absl::Status LookInside(Follower& follower, SourceScene& scene,
                        const CancelToken& cancel) {
  std::vector<size_t> which;
  for (size_t i = 0; i < scene.assets.size(); ++i) {
    const SourceAsset& asset = scene.assets[i];
    if (!asset.described && asset.for_matching && !asset.info) {
      which.push_back(i);
    }
  }
  if (which.empty() || which.size() > kMaxLooks) return absl::OkStatus();
  return OpenAll(follower, which, scene, cancel);
}

// A band that only its asset's key names has to be the asset's only one.
absl::Status CheckMatch(const SourceAsset& asset, const ModelBand& band,
                        const BandMatch& match) {
  const int count = static_cast<int>(asset.info->bands.size());
  const std::string name = asset.key.empty()
                               ? asset.href
                               : absl::StrCat("asset \"", asset.key, "\"");
  if (match.kind == MatchKind::kAssetKey && CountBands(*asset.info) > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " is called as band ", band.name, " of the model, but has ",
        count, " bands; say which with the input \"bands\""));
  }
  if (match.band.number < 1 || match.band.number > count) {
    absl::Status status = absl::InvalidArgumentError(absl::StrCat(
        name, " has no band ", match.band.number, ", only ", count));
    return match.kind == MatchKind::kExplicit
               ? WithPointer(
                     std::move(status),
                     absl::StrCat("/inputs/bands/", PointerToken(band.name)))
               : status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BandMatch>> FindBands(
    const std::vector<ModelBand>& wanted, const ExecuteRequest& request,
    Follower& follower, SourceScene& scene, const CancelToken& cancel) {
  auto matches = MatchBands(wanted, scene);
  PB_RETURN_IF_ERROR(ApplyBindings(request.bands, wanted, scene, matches));
  if (AnyMissing(matches)) {
    PB_RETURN_IF_ERROR(LookInside(follower, scene, cancel));
    matches = MatchBands(wanted, scene);
    PB_RETURN_IF_ERROR(ApplyBindings(request.bands, wanted, scene, matches));
  }
  PB_RETURN_IF_ERROR(CheckAllFound(wanted, scene, matches));
  std::vector<size_t> used;
  std::vector<BandMatch> found;
  for (const auto& match : matches) {
    found.push_back(*match);
    if (std::find(used.begin(), used.end(), match->asset) == used.end()) {
      used.push_back(match->asset);
    }
  }
  PB_RETURN_IF_ERROR(OpenAll(follower, used, scene, cancel));
  for (size_t i = 0; i < wanted.size(); ++i) {
    PB_RETURN_IF_ERROR(
        CheckMatch(scene.assets[found[i].asset], wanted[i], found[i]));
  }
  return found;
}

std::string NameOf(const BandMatch& match, const SourceAsset& asset) {
  for (const std::string* name : {&match.band.name, &match.band.common_name,
                                  &match.band.color, &asset.key}) {
    if (!name->empty()) return *name;
  }
  return absl::StrCat("band ", match.band.number);
}

// The model was trained on other stored values than these.
std::string TypeWarning(const ModelBand& band, const RasterBandInfo& info) {
  if (band.source_dtype == DataType::kOther || WorksInPhysicalUnits(band) ||
      NameOf(band.source_dtype) == info.data_type) {
    return "";
  }
  return absl::StrCat("the model was trained on stored values of type ",
                      NameOf(band.source_dtype), ", the scene's are ",
                      info.data_type, " and fed as they are");
}

void AddOnce(std::string text, std::vector<std::string>& warnings) {
  if (text.empty() ||
      std::find(warnings.begin(), warnings.end(), text) != warnings.end()) {
    return;
  }
  warnings.push_back(std::move(text));
}

// Of several scenes the span of their times.
void TakeTimes(const std::vector<SourceScene>& sources, Scene& scene) {
  if (sources.size() == 1) {
    scene.datetime = sources[0].datetime;
    scene.start_datetime = sources[0].start_datetime;
    scene.end_datetime = sources[0].end_datetime;
    return;
  }
  // RFC 3339 in UTC, all written by FormatRfc3339: text order is time order.
  for (const SourceScene& source : sources) {
    const std::string& start =
        source.start_datetime.empty() ? source.datetime : source.start_datetime;
    const std::string& end =
        source.end_datetime.empty() ? source.datetime : source.end_datetime;
    if (!start.empty() &&
        (scene.start_datetime.empty() || start < scene.start_datetime)) {
      scene.start_datetime = start;
    }
    if (end > scene.end_datetime) scene.end_datetime = end;
  }
}

}  // namespace

SceneResolver::SceneResolver(ResolverOptions options, HttpClient& client,
                             Storage* storage)
    : options_(options), client_(client), storage_(storage) {}

absl::StatusOr<Scene> SceneResolver::Resolve(
    const ModelInput& input, const std::vector<SceneReference>& references,
    const ExecuteRequest& request, const CancelToken& cancel) {
  InitRaster();
  const std::string pointer = PointerFor(input, references, request);
  const std::vector<ModelBand>& bands = input.bands;
  if (bands.empty()) {
    return absl::InternalError(
        absl::StrCat("input ", input.name, " of the model reads no imagery"));
  }
  const std::vector<size_t> scene_of = SceneOfBands(bands);
  const size_t needed = *std::max_element(scene_of.begin(), scene_of.end()) + 1;
  PB_RETURN_IF_ERROR(
      WithPointer(CheckCount(needed, references.size()), pointer));

  Follower follower(options_.max_item_bytes, client_, storage_);
  Scene scene;
  scene.bands.resize(bands.size());
  std::vector<SourceScene> sources(references.size());
  std::vector<const RasterInfo*> infos(bands.size());
  std::vector<bool> categorical(bands.size());
  std::vector<Radiometry> radiometry(bands.size());
  for (size_t s = 0; s < references.size(); ++s) {
    const std::string place =
        references.size() == 1 ? pointer : absl::StrCat(pointer, "/", s);
    auto source = OpenReference(follower, references[s], cancel);
    if (!source.ok()) return WithPointer(source.status(), place);
    sources[s] = *std::move(source);
    std::vector<ModelBand> wanted;
    std::vector<size_t> slots;
    for (size_t i = 0; i < bands.size(); ++i) {
      if (scene_of[i] != s) continue;
      wanted.push_back(bands[i]);
      slots.push_back(i);
    }
    auto found = FindBands(wanted, request, follower, sources[s], cancel);
    if (!found.ok()) return WithPointer(found.status(), place);
    for (size_t i = 0; i < found->size(); ++i) {
      const BandMatch& match = (*found)[i];
      const SourceAsset& asset = sources[s].assets[match.asset];
      const RasterBandInfo& info = asset.info->bands[match.band.number - 1];
      const size_t slot = slots[i];
      PB_ASSIGN_OR_RETURN(radiometry[slot],
                          DecideRadiometry(request, bands[slot], match, asset));
      infos[slot] = &*asset.info;
      categorical[slot] = match.band.categorical;
      BandSource& band = scene.bands[slot];
      band.location = asset.location;
      band.band = match.band.number;
      band.asset_key = asset.key;
      band.name = NameOf(match, asset);
      band.nodata = match.band.nodata;
      band.scale = radiometry[slot].scale;
      band.offset = radiometry[slot].offset;
      band.resampling =
          match.band.categorical ? Resampling::kNearest : Resampling::kBilinear;
      AddOnce(TypeWarning(bands[slot], info), scene.warnings);
    }
    for (const std::string& warning : sources[s].warnings) {
      AddOnce(warning, scene.warnings);
    }
    if (request.radiometry == "auto" && !request.radiometry_offset) {
      for (std::string& text : RadiometryWarnings(sources[s], *found)) {
        AddOnce(std::move(text), scene.warnings);
      }
    }
    scene.sources.push_back(sources[s].source);
    if (scene.platform.empty()) scene.platform = sources[s].platform;
  }
  TakeTimes(sources, scene);
  for (size_t i = 0; i < bands.size(); ++i) {
    scene.radiometry.push_back({{"band", bands[i].name},
                                {"scale", radiometry[i].scale},
                                {"offset", radiometry[i].offset},
                                {"origin", radiometry[i].origin}});
  }
  const ReferenceChoice reference = ChooseReference(
      bands, infos, categorical, request.resolution.has_value());
  scene.reference = reference.band;
  scene.decimation = reference.decimation;
  AddOnce(reference.note, scene.warnings);
  return scene;
}

}  // namespace pushbroom
