// The inputs of a generated process.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "process-descriptions/description_parts.h"
#include "process-descriptions/output_forms.h"
#include "service/core/base/ids.h"

namespace pushbroom {
namespace {

constexpr char kIdPattern[] = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

// Rasters that may be linked to. The formats that GDAL opens here are more;
// these are the ones that clients name.
constexpr const char* kRasterMedia[] = {
    "image/tiff; application=geotiff",
    "image/tiff; application=geotiff; profile=cloud-optimized", "image/jp2"};

Json Input(std::string title, std::string description, Json schema,
           int min_occurs = 0) {
  return {{"title", std::move(title)},
          {"description", std::move(description)},
          {"minOccurs", min_occurs},
          {"maxOccurs", 1},
          {"schema", std::move(schema)}};
}

Json ImagerySchema() {
  Json branches = Json::array();
  branches.push_back({{"title", "a STAC Item"},
                      {"type", "object"},
                      {"format", "geojson-feature"},
                      {"required", {"type", "assets"}}});
  branches.push_back({{"title", "a link to a STAC Item"},
                      {"type", "string"},
                      {"contentMediaType", "application/geo+json"}});
  for (const char* media : kRasterMedia) {
    branches.push_back({{"title", "a link to a raster"},
                        {"type", "string"},
                        {"contentEncoding", "binary"},
                        {"contentMediaType", media}});
  }
  return {{"oneOf", std::move(branches)}};
}

std::string ImageryDescription(const Model& model, const ModelInput& in) {
  std::vector<std::string> bands;
  for (const ModelBand& band : in.bands) bands.push_back(BandInWords(band));
  std::string text = absl::StrCat(
      in.description, in.description.empty() ? "" : "\n\n",
      "A STAC Item, by value or linked to, or a link to a raster, with the "
      "bands ",
      absl::StrJoin(bands, ", "),
      ". They are found by name, by common name, or as the input `bands` "
      "says.");
  if (const std::string size = PixelSizeInWords(model); !size.empty()) {
    absl::StrAppend(&text, " The model expects pixels of ", size, ".");
  }
  return text;
}

Json BboxSchema() {
  return {{"allOf",
           {{{"format", "ogc-bbox"}},
            {{"type", "object"},
             {"required", {"bbox"}},
             {"properties",
              {{"bbox",
                {{"type", "array"},
                 {"minItems", 4},
                 {"maxItems", 6},
                 {"items", {{"type", "number"}}}}},
               {"crs", {{"type", "string"}, {"format", "uri"}}}}}}}}};
}

Json BandBindingSchema() {
  const Json object = {{"type", "object"},
                       {"additionalProperties", false},
                       {"properties",
                        {{"asset", {{"type", "string"}}},
                         {"band", {{"type", "integer"}, {"minimum", 1}}}}}};
  return {{"oneOf",
           Json::array({Json{{"type", "string"}, {"minLength", 1}},
                        Json{{"type", "integer"}, {"minimum", 1}}, object})}};
}

Json BandsSchema(const std::set<std::string>& names, size_t count) {
  Json properties = Json::object();
  for (const std::string& name : names) {
    properties[name] = BandBindingSchema();
  }
  const Json by_name = {{"type", "object"},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  const Json in_order = {{"type", "array"},
                         {"minItems", count},
                         {"maxItems", count},
                         {"items", BandBindingSchema()}};
  return {{"oneOf", Json::array({by_name, in_order})}};
}

Json RadiometrySchema() {
  const Json word = {{"type", "string"}, {"enum", {"auto", "none"}}};
  const Json numbers = {
      {"type", "object"},
      {"additionalProperties", false},
      {"properties",
       {{"scale", {{"type", "number"}}}, {"offset", {{"type", "number"}}}}}};
  return {{"oneOf", Json::array({word, numbers})}, {"default", "auto"}};
}

Json IdSchema(const std::string& preset) {
  Json schema = {{"type", "string"}, {"pattern", kIdPattern}};
  if (!preset.empty()) schema["default"] = preset;
  return schema;
}

// The schema of a hyperparameter by its value; null if it has no type that a
// client could send.
Json HyperparameterSchema(const Json& value) {
  const char* type = nullptr;
  switch (value.type()) {
    case Json::value_t::boolean:
      type = "boolean";
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      type = "integer";
      break;
    case Json::value_t::number_float:
      type = "number";
      break;
    case Json::value_t::string:
      type = "string";
      break;
    default:
      return nullptr;
  }
  return {{"type", type}, {"default", value}};
}

// An id that no other input has.
std::string ImageryId(const ModelInput& in, const Json& taken) {
  std::string id = ToId(in.name);
  if (id.empty()) id = "imagery";
  if (taken.contains(id)) {
    id = absl::StrCat(id.substr(0, 50), "-imagery");
  }
  const std::string stem = id;
  for (int n = 2; taken.contains(id); ++n) id = absl::StrCat(stem, "-", n);
  return id;
}

void AddCommon(const Model& model, const DescribeOptions& options,
               Json& inputs) {
  inputs["bbox"] =
      Input("Area",
            "The part of the scene to work on. `crs` is CRS84 unless given, "
            "as a URI or EPSG code. Without it: the whole scene.",
            BboxSchema());
  const std::string size = PixelSizeInWords(model);
  inputs["resolution"] = Input(
      "Pixel size",
      absl::StrCat("Of the result, in units of the scene's coordinate "
                   "reference system. Without it: that of the scene's "
                   "reference band",
                   size.empty()
                       ? "."
                       : absl::StrCat(", the one nearest to the ", size,
                                      " of the model; much finer pixels are "
                                      "averaged by whole numbers.")),
      {{"type", "number"}, {"minimum", 0}, {"exclusiveMinimum", true}});
  inputs["overlap"] = Input(
      "Overlap of tiles", "Pixels by which neighbouring tiles overlap.",
      {{"type", "integer"}, {"minimum", 0}, {"default", options.overlap}});
  Json batch = {
      {"type", "integer"}, {"minimum", 1}, {"maximum", options.max_batch_size}};
  if (model.batch_size_suggestion > 0) {
    batch["default"] =
        std::min(model.batch_size_suggestion, options.max_batch_size);
  }
  inputs["batch_size"] =
      Input("Batch size", "Tiles in one batch. The worker may use fewer.",
            std::move(batch));
  inputs["radiometry"] =
      Input("Radiometry",
            "What is done to stored values before the model sees them. `auto`: "
            "scale and offset of the source are applied where the model takes "
            "physical values. `none`: stored values as they are. Numbers: "
            "stored * scale + offset for every band.",
            RadiometrySchema());
  inputs["collection"] =
      Input("Collection of the result", "Where the result's STAC Item goes.",
            IdSchema(options.collection));
  inputs["item_id"] = Input("Id of the result's item",
                            "Without it: the job's id.", IdSchema(""));
}

void AddBands(const Model& model, Json& inputs) {
  std::set<std::string> names;
  size_t count = 0;
  for (const ModelInput& in : model.inputs) {
    for (const ModelBand& band : in.bands) names.insert(band.name);
    count += in.bands.size();
  }
  if (names.empty()) return;
  inputs["bands"] = Input(
      "Where the bands are",
      "For sources whose bands have no names, or others: for a band of the "
      "model the asset, \"asset:number\", the number (from 1) in a single "
      "raster, or both in an object. An array names all bands in the model's "
      "order.",
      BandsSchema(names, count));
}

void AddByTask(const Model& model, Json& inputs) {
  const bool classes = !model.outputs.empty() &&
                       FormOf(model, model.outputs.front()).describe != nullptr;
  if (classes) {
    inputs["probabilities"] =
        Input("Write probabilities", "Also write the raster of probabilities.",
              {{"type", "boolean"}, {"default", false}});
  }
  if (IsThresholded(model)) {
    inputs["threshold"] = Input(
        "Threshold", "Probability at or above which a pixel has the class.",
        {{"type", "number"},
         {"minimum", 0},
         {"maximum", 1},
         {"default", DefaultThreshold(model)}});
  }
}

void AddHyperparameters(const Model& model, Json& inputs) {
  for (const auto& [key, value] : model.hyperparameters.items()) {
    if (!absl::StartsWith(key, "inference.") || !IsValidId(key)) continue;
    if (IsThresholdKey(key)) continue;  // is the input `threshold`
    Json schema = HyperparameterSchema(value);
    if (schema.is_null()) continue;
    inputs[key] = Input(key, "A parameter of the model.", std::move(schema));
  }
}

}  // namespace

Json DescribeInputs(const Model& model, const DescribeOptions& options,
                    std::vector<std::string>& imagery) {
  Json inputs = Json::object();
  AddCommon(model, options, inputs);
  AddBands(model, inputs);
  AddByTask(model, inputs);
  AddHyperparameters(model, inputs);
  for (const ModelInput& in : model.inputs) {
    if (!in.is_imagery()) continue;
    const std::string id = ImageryId(in, inputs);
    inputs[id] =
        Input("Imagery", ImageryDescription(model, in), ImagerySchema(),
              /*min_occurs=*/1);
    imagery.push_back(id);
  }
  return inputs;
}

}  // namespace pushbroom
