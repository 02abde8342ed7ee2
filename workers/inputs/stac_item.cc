// STAC Items of every generation, as sources of bands.
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "schemas/geo_types.h"
#include "service/core/base/status.h"
#include "workers/inputs/follow.h"
#include "workers/inputs/source_scene.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxAssets = 500;
constexpr size_t kMaxBands = 512;

std::optional<double> NumberOf(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  if (value->is_string()) {
    const std::string text = absl::AsciiStrToLower(value->get<std::string>());
    if (text == "nan") return std::nan("");
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
  }
  return std::nullopt;
}

/// One fact, looked for on the band first and then where STAC 1.1 lets it be
/// hoisted to.
class Facts {
 public:
  explicit Facts(std::vector<const Json*> places)
      : places_(std::move(places)) {}
  std::optional<double> Number(
      std::initializer_list<absl::string_view> names) const {
    for (const Json* place : places_) {
      for (const absl::string_view name : names) {
        if (auto value = NumberOf(Find(*place, name))) return value;
      }
    }
    return std::nullopt;
  }
  std::string Text(std::initializer_list<absl::string_view> names) const {
    for (const Json* place : places_) {
      for (const absl::string_view name : names) {
        if (std::string value = StringOr(*place, name); !value.empty()) {
          return value;
        }
      }
    }
    return "";
  }
  bool Has(absl::string_view name) const {
    for (const Json* place : places_) {
      if (Find(*place, name) != nullptr) return true;
    }
    return false;
  }

 private:
  const std::vector<const Json*> places_;
};

std::set<std::string> RolesOf(const Json& asset) {
  std::set<std::string> roles;
  const Json* list = Find(asset, "roles");
  if (list == nullptr || !list->is_array()) return roles;
  for (const Json& role : *list) {
    if (role.is_string()) {
      roles.insert(absl::AsciiStrToLower(role.get<std::string>()));
    }
  }
  return roles;
}

bool HasAny(const std::set<std::string>& set,
            std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (set.count(name) > 0) return true;
  }
  return false;
}

// Roles came with STAC 1.0; before them keys were the only sign.
bool IsForMatching(const std::string& key, const std::string& type,
                   const std::set<std::string>& roles) {
  if (HasAny(roles, {"thumbnail", "overview", "metadata"})) return false;
  if (roles.empty() && HasAny({absl::AsciiStrToLower(key)},
                              {"thumbnail", "overview", "preview",
                               "rendered_preview", "tilejson", "metadata"})) {
    return false;
  }
  if (type.empty()) return true;
  return absl::StartsWith(type, "image/") ||
         absl::StartsWith(type, "application/octet-stream");
}

int PreferenceOf(const std::string& key, const std::set<std::string>& roles) {
  int preference = HasAny(roles, {"data", "reflectance"}) ? 0 : 1;
  // Pictures made for the eye have bands of the same names.
  if (HasAny(roles, {"visual"}) ||
      HasAny({absl::AsciiStrToLower(key)}, {"visual", "tci", "true_color"})) {
    preference += 2;
  }
  return preference;
}

// The band objects of an asset, the i-th of each list joined into one place to
// look. STAC 0.x wrote indices into the item's own list.
std::vector<std::vector<const Json*>> BandObjects(const Json& asset,
                                                  const Json& properties) {
  std::vector<std::vector<const Json*>> bands;
  const Json* of_item = Find(properties, "eo:bands");
  for (const char* name : {"bands", "eo:bands", "raster:bands"}) {
    const Json* list = Find(asset, name);
    if (list == nullptr || !list->is_array()) continue;
    for (size_t i = 0; i < list->size() && i < kMaxBands; ++i) {
      const Json* band = &(*list)[i];
      if (band->is_number_unsigned() && of_item != nullptr &&
          of_item->is_array() && band->get<size_t>() < of_item->size()) {
        band = &(*of_item)[band->get<size_t>()];
      }
      if (!band->is_object()) continue;
      if (bands.size() <= i) bands.resize(i + 1);
      bands[i].push_back(band);
    }
  }
  return bands;
}

SourceAsset ReadAsset(const std::string& key, const Json& json,
                      const Json& properties) {
  SourceAsset asset;
  asset.key = key;
  asset.href = StringOr(json, "href");
  const std::set<std::string> roles = RolesOf(json);
  asset.for_matching =
      IsForMatching(key, absl::AsciiStrToLower(StringOr(json, "type")), roles);
  asset.preference = PreferenceOf(key, roles);
  const bool categorical_role =
      HasAny(roles, {"classification", "data-mask", "cloud", "cloud-shadow",
                     "snow-ice", "land-water", "water-mask", "saturation"});
  int number = 0;
  for (const std::vector<const Json*>& objects :
       BandObjects(json, properties)) {
    std::vector<const Json*> places = objects;
    const Facts own(places);
    places.push_back(&json);
    places.push_back(&properties);
    const Facts all(places);
    SourceBand band;
    band.number = ++number;
    band.name = own.Text({"name"});
    band.common_name = own.Text({"eo:common_name", "common_name"});
    band.nodata = all.Number({"nodata", "file:nodata"});
    // Only on a band or the asset: at the item they would hold for masks too.
    std::vector<const Json*> near = objects;
    near.push_back(&json);
    const Facts radiometry(near);
    band.scale = radiometry.Number({"raster:scale", "scale"});
    band.offset = radiometry.Number({"raster:offset", "offset"});
    band.categorical = categorical_role ||
                       radiometry.Has("classification:classes") ||
                       radiometry.Has("classification:bitfields");
    asset.bands.push_back(std::move(band));
    const auto gsd = all.Number(
        {"raster:spatial_resolution", "spatial_resolution", "gsd", "eo:gsd"});
    if (gsd && (!asset.gsd || *gsd < *asset.gsd)) asset.gsd = gsd;
  }
  for (const SourceBand& band : asset.bands) {
    asset.described =
        asset.described || !band.name.empty() || !band.common_name.empty();
  }
  if (asset.bands.size() == 1 && !asset.described) {
    // One band without a name: the asset's key is its name.
    asset.bands[0].name = key;
    asset.described = true;
  }
  return asset;
}

std::string ReadTime(const Json& properties, const char* name,
                     std::vector<std::string>& warnings) {
  std::string text = StringOr(properties, name);
  if (text.empty()) return "";
  if (text.size() == 10) text += "T00:00:00Z";  // STAC 0.x: a date alone
  const auto time = ParseRfc3339(text);
  if (time.ok()) return FormatRfc3339(*time);
  warnings.push_back(absl::StrCat("the item's ", name, " \"", text,
                                  "\" is no RFC 3339 time: ignored"));
  return "";
}

std::string Instruments(const Json& properties) {
  std::vector<std::string> words = {StringOr(properties, "platform"),
                                    StringOr(properties, "eo:platform"),
                                    StringOr(properties, "constellation")};
  return absl::StrJoin(words, " ");
}

void ReadLinks(const Json& item, SceneSource& source) {
  const Json* links = Find(item, "links");
  if (links == nullptr || !links->is_array()) return;
  for (const Json& link : *links) {
    if (StringOr(link, "rel") == "self") {
      source.self_href = StringOr(link, "href");
    }
  }
}

// What a document is, where it is no item.
absl::Status CheckIsItem(const Json& item) {
  const std::string type = StringOr(item, "type");
  const Json* assets = Find(item, "assets");
  if (item.is_object() && type == "Feature" && assets != nullptr &&
      assets->is_object()) {
    if (assets->size() > kMaxAssets) {
      return absl::InvalidArgumentError(
          absl::StrCat("the STAC Item has ", assets->size(),
                       " assets, more than ", kMaxAssets));
    }
    return absl::OkStatus();
  }
  std::string what = "a JSON document";
  if (type == "Collection" || type == "Catalog") {
    what = absl::StrCat("a STAC ", type);
  } else if (type == "FeatureCollection") {
    what = "a collection of features (name one of them)";
  } else if (type == "Feature") {
    what = "a feature without assets";
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the scene is ", what, ", not a STAC Item"));
}

}  // namespace

absl::StatusOr<SourceScene> ReadStacItem(const Json& document,
                                         const std::string& base) {
  const Json* features = Find(document, "features");
  const bool single = StringOr(document, "type") == "FeatureCollection" &&
                      features != nullptr && features->is_array() &&
                      features->size() == 1;
  const Json& item = single ? features->front() : document;
  PB_RETURN_IF_ERROR(CheckIsItem(item));

  SourceScene scene;
  scene.is_item = true;
  scene.source.item_id = StringOr(item, "id");
  scene.source.collection = StringOr(item, "collection");
  scene.label = absl::StrCat("item \"", scene.source.item_id, "\"");
  ReadLinks(item, scene.source);
  if (const Json* properties = Find(item, "properties");
      properties != nullptr && properties->is_object()) {
    scene.properties = *properties;
  }
  if (scene.source.collection.empty()) {
    scene.source.collection = StringOr(scene.properties, "collection");
  }
  scene.datetime = ReadTime(scene.properties, "datetime", scene.warnings);
  scene.start_datetime =
      ReadTime(scene.properties, "start_datetime", scene.warnings);
  scene.end_datetime =
      ReadTime(scene.properties, "end_datetime", scene.warnings);
  scene.platform = StringOr(scene.properties, "platform",
                            StringOr(scene.properties, "eo:platform"));

  const std::string place = base.empty() && IsWebUrl(scene.source.self_href)
                                ? scene.source.self_href
                                : base;
  for (const auto& [key, json] : item["assets"].items()) {
    if (!json.is_object()) continue;
    SourceAsset asset = ReadAsset(key, json, scene.properties);
    if (asset.href.empty()) continue;
    auto href = AssetHref(place, !base.empty(), asset.href);
    if (href.ok()) {
      asset.href = *std::move(href);
    } else if (!asset.for_matching) {
      continue;
    } else {
      return Annotate(href.status(), absl::StrCat("asset \"", key, "\""));
    }
    scene.assets.push_back(std::move(asset));
  }
  scene.sensor = SensorOfPlatform(Instruments(scene.properties));
  return scene;
}

}  // namespace pushbroom
