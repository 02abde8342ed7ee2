#include "workers/results/stac_item.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/job_result.h"
#include "service/core/base/digest.h"
#include "workers/results/item_links.h"

namespace pushbroom {
namespace {

constexpr char kExtensions[] = "https://stac-extensions.github.io/";

// Six decimals are a pixel of a million: more is noise in a document.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

void PutText(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

// Size of a pixel in metres; absent where units are degrees or not known.
std::optional<double> GsdOf(const Grid& grid) {
  const std::string& wkt = grid.crs_wkt;
  const size_t axes = wkt.rfind("CS[Cartesian");
  if (!absl::StartsWith(wkt, "PROJCRS") || axes == std::string::npos) {
    return std::nullopt;
  }
  // The unit of the map's axes, not that of the ellipsoid before them.
  if (!absl::StrContains(wkt.substr(axes), "LENGTHUNIT[\"metre\",1]")) {
    return std::nullopt;
  }
  return std::hypot(grid.geotransform[1], grid.geotransform[4]);
}

std::vector<double> ProjectedBbox(const Grid& grid) {
  const auto& gt = grid.geotransform;
  const double w = static_cast<double>(grid.width);
  const double h = static_cast<double>(grid.height);
  double min_x = std::numeric_limits<double>::infinity(), min_y = min_x;
  double max_x = -min_x, max_y = -min_x;
  for (const double col : {0.0, w}) {
    for (const double row : {0.0, h}) {
      const double x = gt[0] + col * gt[1] + row * gt[2];
      const double y = gt[3] + col * gt[4] + row * gt[5];
      min_x = std::min(min_x, x);
      max_x = std::max(max_x, x);
      min_y = std::min(min_y, y);
      max_y = std::max(max_y, y);
    }
  }
  return {min_x, min_y, max_x, max_y};
}

void AddProjection(const Grid& grid, Json& properties) {
  properties["proj:code"] =
      grid.epsg > 0 ? Json(absl::StrCat("EPSG:", grid.epsg)) : Json(nullptr);
  if (grid.epsg <= 0 && !grid.crs_wkt.empty()) {
    properties["proj:wkt2"] = grid.crs_wkt;
  }
  const auto& gt = grid.geotransform;
  properties["proj:shape"] = {grid.height, grid.width};
  properties["proj:transform"] = {gt[1], gt[2], gt[0], gt[4], gt[5], gt[3]};
  properties["proj:bbox"] = ProjectedBbox(grid);
}

void AddTime(const ItemFacts& facts, Json& properties,
             std::vector<std::string>& warnings) {
  const Scene& scene = facts.scene;
  const bool interval =
      !scene.start_datetime.empty() && !scene.end_datetime.empty();
  if (!scene.datetime.empty()) {
    properties["datetime"] = scene.datetime;
  } else if (interval) {
    properties["datetime"] = nullptr;
  } else {
    properties["datetime"] = FormatRfc3339(facts.processed);
    warnings.push_back(
        "the scene has no date: datetime is the time of processing");
  }
  if (interval) {
    properties["start_datetime"] = scene.start_datetime;
    properties["end_datetime"] = scene.end_datetime;
  }
}

std::string Lineage(const ItemFacts& facts) {
  std::vector<std::string> sources;
  for (const SceneSource& source : facts.scene.sources) {
    const std::string& name =
        source.item_id.empty() ? source.href : source.item_id;
    sources.push_back(name.empty() ? "a scene given by value"
                                   : WithoutCredentials(name));
  }
  const Model& model = facts.model;
  return absl::StrCat(
      "Model ", model.title.empty() ? model.id : model.title,
      model.version.empty() ? "" : absl::StrCat(" ", model.version),
      " applied to ", absl::StrJoin(sources, ", "), " in tiles of ",
      facts.parameters.tile, " pixels with ", facts.parameters.overlap,
      " pixels of overlap, on ", facts.parameters.device);
}

Json ModelFacts(const ItemFacts& facts) {
  Json model = {{"id", facts.model.id}};
  PutText(model, "item_id", facts.model.item_id);
  PutText(model, "version", facts.model.version);
  PutText(model, "license", facts.model.license);
  PutText(model, "digest", facts.model_digest);
  PutText(model, "artifact_sha256", facts.model.artifact.sha256);
  return model;
}

Json ParameterFacts(const RunParameters& parameters) {
  Json json = {{"tile_size", parameters.tile},
               {"overlap", parameters.overlap},
               {"batch_size", parameters.batch_size}};
  if (parameters.threshold) json["threshold"] = *parameters.threshold;
  if (parameters.bbox) json["bbox"] = ToJson(*parameters.bbox);
  if (parameters.resolution) json["resolution"] = *parameters.resolution;
  if (parameters.decimation != 1) json["decimation"] = parameters.decimation;
  PutText(json, "device", parameters.device);
  return json;
}

// Statistics of stored values say at a glance whether the model was fed what
// it was trained on.
Json InputFacts(const ItemFacts& facts) {
  Json inputs = Json::array();
  const auto& bands = facts.scene.bands;
  for (size_t i = 0; i < facts.report.input.size(); ++i) {
    const BandStatistics& statistics = facts.report.input[i];
    Json band = Json::object();
    if (i < bands.size()) {
      PutText(band, "name", bands[i].name);
      PutText(band, "asset", bands[i].asset_key);
      band["band"] = bands[i].band;
    }
    band["count"] = statistics.count;
    if (statistics.count > 0) {
      band["minimum"] = statistics.minimum;
      band["maximum"] = statistics.maximum;
      band["mean"] = Rounded(statistics.mean);
    }
    inputs.push_back(std::move(band));
  }
  return inputs;
}

Json SourceFacts(const Scene& scene) {
  Json sources = Json::array();
  for (const SceneSource& source : scene.sources) {
    Json json = Json::object();
    PutText(json, "id", source.item_id);
    PutText(json, "collection", source.collection);
    PutText(json, "href", WithoutCredentials(source.href));
    sources.push_back(std::move(json));
  }
  return sources;
}

Json TileFacts(const PipelineReport& report) {
  return {{"planned", report.tiles_planned},
          {"run", report.tiles_run},
          {"skipped", report.tiles_skipped}};
}

Json PropertiesFor(const ItemFacts& facts, std::vector<std::string>& warnings) {
  Json properties = Json::object();
  AddTime(facts, properties, warnings);
  properties["created"] = FormatRfc3339(facts.processed);
  PutText(properties, "platform", facts.scene.platform);
  if (const auto gsd = GsdOf(facts.grid)) properties["gsd"] = Rounded(*gsd);
  properties["title"] = absl::StrCat(
      facts.model.title.empty() ? facts.model.id : facts.model.title, ": ",
      facts.id);
  AddProjection(facts.grid, properties);

  properties["processing:level"] = "L4";
  properties["processing:datetime"] = FormatRfc3339(facts.processed);
  properties["processing:software"] = facts.software;
  properties["processing:lineage"] = Lineage(facts);
  PutText(properties, "processing:version", facts.model.version);

  PutText(properties, "pushbroom:job", facts.job_id);
  properties["pushbroom:model"] = ModelFacts(facts);
  properties["pushbroom:parameters"] = ParameterFacts(facts.parameters);
  properties["pushbroom:radiometry"] = facts.scene.radiometry;
  properties["pushbroom:sources"] = SourceFacts(facts.scene);
  properties["pushbroom:input_statistics"] = InputFacts(facts);
  properties["pushbroom:tiles"] = TileFacts(facts.report);
  properties["pushbroom:valid_pixels"] = facts.report.valid_pixels;
  properties["pushbroom:class_shares"] =
      ClassShares(facts.classes, facts.report);
  properties["pushbroom:seconds"] = Rounded(facts.seconds);
  properties["pushbroom:warnings"] = warnings;
  return properties;
}

// Written so that readers of classification 1.x (value, description) and of
// 2.0 (value, name) both find what they require.
Json ClassesJson(const ClassTable& table) {
  Json classes = Json::array();
  for (const ResultClass& c : table.classes) {
    Json json = {{"value", c.value},
                 {"name", c.name},
                 {"description", !c.description.empty() ? c.description
                                 : !c.title.empty()     ? c.title
                                                        : c.name},
                 {"color_hint", FormatColor(c.color)}};
    PutText(json, "title", c.title);
    classes.push_back(std::move(json));
  }
  return classes;
}

Json BandsJson(const ItemFacts& facts, bool probabilities) {
  if (!probabilities) {
    return Json::array({{{"name", kClassesOutput},
                         {"description", "class of the pixel"},
                         {"data_type", "uint8"},
                         {"nodata", facts.classes.nodata}}});
  }
  Json bands = Json::array();
  const auto& values = facts.classes.channel_values;
  // One channel is the probability of the second of two classes.
  const size_t channels = facts.parameters.threshold ? 1 : values.size();
  for (size_t channel = 0; channel < channels; ++channel) {
    const uint8_t value = values[channels == 1 ? 1 : channel];
    std::string name = absl::StrCat("class-", value);
    for (const ResultClass& c : facts.classes.classes) {
      if (c.value == value) name = c.name;
    }
    bands.push_back({{"name", name},
                     {"description", absl::StrCat("probability of ", name)},
                     {"data_type", "float32"},
                     {"nodata", "nan"}});
  }
  return bands;
}

Json AssetJson(const ItemFacts& facts, const ResultAsset& asset) {
  const bool probabilities = asset.output == kProbabilitiesOutput;
  Json json = {{"href", absl::StrCat(kStorageScheme, asset.storage_key)},
               {"type", kCogMediaType},
               {"title", probabilities ? "Class probabilities" : "Classes"},
               {"roles", Json::array({"data"})},
               {"bands", BandsJson(facts, probabilities)},
               {"file:size", asset.size_bytes},
               {"file:checksum", Multihash(asset.sha256)}};
  if (!probabilities) {
    json["classification:classes"] = ClassesJson(facts.classes);
  }
  if (!facts.model_href.empty()) {
    json["processing:expression"] = {
        {"format", "stac-mlm"},
        {"expression", WithoutCredentials(facts.model_href)}};
  }
  return json;
}

Json ExtensionsJson() {
  return Json::array(
      {absl::StrCat(kExtensions, "classification/v2.0.0/schema.json"),
       absl::StrCat(kExtensions, "file/v2.1.0/schema.json"),
       absl::StrCat(kExtensions, "processing/v1.2.0/schema.json"),
       absl::StrCat(kExtensions, "projection/v2.0.0/schema.json")});
}

}  // namespace

std::map<std::string, double> ClassShares(const ClassTable& classes,
                                          const PipelineReport& report) {
  int64_t total = 0;
  for (const ResultClass& c : classes.classes) {
    total += report.class_pixels[c.value];
  }
  std::map<std::string, double> shares;
  if (total == 0) return shares;
  for (const ResultClass& c : classes.classes) {
    shares[c.name] = Rounded(static_cast<double>(report.class_pixels[c.value]) /
                             static_cast<double>(total));
  }
  return shares;
}

Json StacItemFor(const ItemFacts& facts) {
  std::vector<std::string> warnings = facts.warnings;
  Json item = {{"type", "Feature"},
               {"stac_version", "1.1.0"},
               {"stac_extensions", ExtensionsJson()},
               {"id", facts.id}};
  PutText(item, "collection", facts.collection);
  item["geometry"] = facts.grid.geometry;
  if (facts.grid.geometry.is_null()) {
    warnings.push_back("the scene has no CRS: the item has no geometry");
  } else {
    item["bbox"] = facts.grid.bbox;
  }
  item["properties"] = PropertiesFor(facts, warnings);
  item["links"] = LinksFor(facts);
  item["assets"] = Json::object();
  for (const ResultAsset& asset : facts.assets) {
    item["assets"][asset.output] = AssetJson(facts, asset);
  }
  return item;
}

}  // namespace pushbroom
