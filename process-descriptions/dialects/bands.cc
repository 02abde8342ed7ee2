#include "process-descriptions/dialects/bands.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace pushbroom {
namespace {

std::string NameOfDefinition(const Node& definition) {
  return definition.json().is_string() ? definition.Text()
                                       : definition["name"].Text();
}

bool SameName(absl::string_view definition, absl::string_view band) {
  if (absl::EqualsIgnoreCase(definition, band)) return true;
  const size_t dash = definition.find(" - ");
  return dash != absl::string_view::npos &&
         absl::EqualsIgnoreCase(
             absl::StripAsciiWhitespace(definition.substr(0, dash)), band);
}

void Fill(std::optional<double>& fact, const Node& node) {
  if (!fact && node) fact = node.Number();
}

void Fill(std::string& fact, const Node& node) {
  if (fact.empty() && node) fact = node.Text();
}

// Facts that may stand on a band or be hoisted to its asset or item.
void TakeShared(const Node& d, ModelBand& band) {
  if (band.source_dtype == DataType::kOther) {
    if (Node type = d["data_type"]) {
      band.source_dtype = DataTypeFromName(type.Text());
    }
  }
  Fill(band.nodata, d["nodata"]);
  Fill(band.scale, d.FirstOf({"raster:scale", "scale"}));
  Fill(band.offset, d.FirstOf({"raster:offset", "offset"}));
  Fill(band.unit, d["unit"]);
  Fill(band.gsd,
       d.FirstOf({"raster:spatial_resolution", "spatial_resolution", "gsd"}));
}

void TakeAll(const Node& d, ModelBand& band) {
  if (!d.json().is_object()) return;
  Fill(band.common_name, d.FirstOf({"eo:common_name", "common_name"}));
  Fill(band.center_wavelength,
       d.FirstOf({"eo:center_wavelength", "center_wavelength"}));
  TakeShared(d, band);
}

}  // namespace

BandDefinitions::BandDefinitions(const Node& properties, const Node& assets,
                                 const std::string& model_asset) {
  const Node model = assets[model_asset];
  for (const char* key : {"bands", "eo:bands", "raster:bands"}) {
    Add(model[key], /*of_model=*/true);
  }
  for (const char* key : {"bands", "eo:bands", "raster:bands"}) {
    Add(properties[key], /*of_model=*/true);
  }
  for (const auto& [key, asset] : assets.Members()) {
    if (key == model_asset) continue;
    for (const char* list : {"bands", "eo:bands", "raster:bands"}) {
      Add(asset[list], /*of_model=*/false);
    }
  }
  hoisted_ = {model, properties};
}

void BandDefinitions::Add(const Node& list, bool of_model) {
  if (!list.json().is_array()) return;
  List added{list.Elements(), false, of_model};
  for (const Node& band : added.bands) {
    added.named = added.named || !NameOfDefinition(band).empty();
  }
  lists_.push_back(std::move(added));
}

void BandDefinitions::Complete(std::vector<ModelBand>& bands) const {
  std::map<std::string, size_t> seen;  // how often, by name
  for (size_t i = 0; i < bands.size(); ++i) {
    ModelBand& band = bands[i];
    const size_t occurrence = seen[absl::AsciiStrToLower(band.name)]++;
    for (const List& list : lists_) {
      if (!list.named) {
        if (list.of_model && list.bands.size() == bands.size()) {
          TakeAll(list.bands[i], band);
        }
        continue;
      }
      const Node* match = nullptr;
      size_t matches = 0;
      for (const Node& definition : list.bands) {
        if (!SameName(NameOfDefinition(definition), band.name)) continue;
        if (!match || matches <= occurrence) match = &definition;
        ++matches;
      }
      if (match) TakeAll(*match, band);
    }
    for (const Node& place : hoisted_) TakeShared(place, band);
  }
}

}  // namespace pushbroom
