// What people read: text and links.
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "process-descriptions/description_parts.h"
#include "process-descriptions/href.h"

namespace pushbroom {
namespace {

constexpr const char* kThresholdKeys[] = {
    "threshold", "inference.threshold", "inference.confidence_threshold",
    "recommended_threshold", "inference.recommended_threshold"};

// Scores and limits in the form that the README of this folder tells.
constexpr char kScores[] = "pushbroom:scores";
constexpr char kLimits[] = "pushbroom:limits";

std::string Words(absl::string_view key) {
  return absl::StrReplaceAll(key, {{"_", " "}});
}

std::string ValueInWords(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return absl::StrCat(value.get<double>());
  std::vector<std::string> parts;
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      parts.push_back(
          member.is_structured()
              ? absl::StrCat(Words(key), " (", ValueInWords(member), ")")
              : absl::StrCat(Words(key), " ", ValueInWords(member)));
    }
    return absl::StrJoin(parts, ", ");
  }
  if (value.is_array()) {
    for (const Json& element : value) parts.push_back(ValueInWords(element));
    return absl::StrJoin(parts, ", ");
  }
  return DumpJson(value);
}

void Paragraph(std::string& text, absl::string_view title,
               absl::string_view body) {
  if (body.empty()) return;
  // A list begins a paragraph of its own.
  absl::StrAppend(&text, text.empty() ? "" : "\n\n", "**", title, ".**",
                  absl::StartsWith(body, "\n") ? "" : " ", body);
}

std::string ListOf(const std::vector<std::string>& lines) {
  return lines.empty() ? ""
                       : absl::StrCat("\n\n- ", absl::StrJoin(lines, "\n- "));
}

// What the numbers of the bands are, where all bands agree.
std::string ValuesInWords(const ModelInput& in) {
  for (const ModelBand& band : in.bands) {
    if (band.source_dtype == DataType::kOther && band.unit.empty()) return "";
    if (band.source_dtype != in.bands.front().source_dtype ||
        band.unit != in.bands.front().unit) {
      return "";
    }
  }
  if (in.bands.empty()) return "";
  const ModelBand& band = in.bands.front();
  std::string text;
  if (band.source_dtype != DataType::kOther) {
    absl::StrAppend(&text, " of type ", NameOf(band.source_dtype));
  }
  if (!band.unit.empty()) absl::StrAppend(&text, " in unit ", band.unit);
  return absl::StrCat(" Values", text, ".");
}

std::string InputsInWords(const Model& model) {
  std::string text;
  for (const ModelInput& in : model.inputs) {
    std::vector<std::string> bands;
    for (const ModelBand& band : in.bands) bands.push_back(BandInWords(band));
    absl::StrAppend(
        &text, text.empty() ? "" : " ", "\"", in.name, "\": ", bands.size(),
        bands.size() == 1 ? " band" : " bands",
        bands.empty() ? "" : " in this order: ", absl::StrJoin(bands, ", "),
        ".", ValuesInWords(in));
  }
  if (const std::string size = PixelSizeInWords(model); !size.empty()) {
    absl::StrAppend(&text, " Expected pixel size: ", size, ".");
  }
  return text;
}

std::string ClassesInWords(const Model& model) {
  std::vector<std::string> lines;
  for (const ModelOutput& out : model.outputs) {
    for (const ModelClass& c : out.classes) {
      lines.push_back(
          absl::StrCat(c.value, " ", c.title.empty() ? c.name : c.title,
                       c.description.empty() ? "" : ": ", c.description));
    }
  }
  return ListOf(lines);
}

std::string ScoresInWords(const Model& model) {
  std::vector<std::string> lines;
  const Json* scores = Find(model.extra, kScores);
  if (scores && scores->is_array()) {
    for (const Json& score : *scores) {
      Json numbers = score;
      if (numbers.is_object()) numbers.erase("on");
      lines.push_back(
          absl::StrCat(StringOr(score, "on"), ": ", ValueInWords(numbers)));
    }
  }
  for (const auto& [key, value] : model.extra.items()) {
    if (key == kScores || key == kLimits) continue;
    lines.push_back(absl::StrCat(Words(key), ": ", ValueInWords(value)));
  }
  return ListOf(lines);
}

std::string LimitsInWords(const Model& model) {
  std::vector<std::string> lines;
  if (const Json* limits = Find(model.extra, kLimits)) {
    for (const Json& limit : *limits) lines.push_back(ValueInWords(limit));
  }
  return ListOf(lines);
}

// Models often end in the year 9999, which means that they do not.
std::string TimesInWords(const Model& model) {
  const std::string start = model.start_datetime.substr(0, 10);
  std::string end = model.end_datetime.substr(0, 10);
  if (absl::StartsWith(end, "9999")) end.clear();
  if (start.empty() && end.empty()) return "";
  if (start == end) return start;
  if (end.empty()) return absl::StrCat("since ", start);
  if (start.empty()) return absl::StrCat("until ", end);
  return absl::StrCat(start, " to ", end);
}

// West, south, east, north.
std::string PlaceInWords(const Model& model) {
  if (model.bbox.empty()) return "";
  const size_t top = model.bbox.size() / 2;
  const double west = model.bbox[0], south = model.bbox[1];
  const double east = model.bbox[top], north = model.bbox[top + 1];
  if (west <= -180 && south <= -90 && east >= 180 && north >= 90) {
    return "the whole Earth";
  }
  return absl::StrCat("longitude ", west, " to ", east, ", latitude ", south,
                      " to ", north);
}

std::string ContextInWords(const Model& model) {
  const std::string place = PlaceInWords(model), times = TimesInWords(model);
  if (place.empty() && times.empty()) return "";
  return absl::StrCat(place, place.empty() || times.empty() ? "" : "; ", times,
                      ". Informative: no job is refused for it.");
}

std::string MakingInWords(const Model& model) {
  std::string text = model.architecture;
  if (model.total_parameters) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", *model.total_parameters,
                    " parameters");
  }
  if (!model.framework.empty()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", model.framework,
                    model.framework_version.empty() ? "" : " ",
                    model.framework_version);
  }
  return text.empty() ? "" : absl::StrCat(text, ".");
}

void AddMetadata(Json& metadata, absl::string_view role,
                 absl::string_view title, absl::string_view href) {
  if (!IsWebUrl(href)) return;  // others can follow no path of this machine
  metadata.push_back({{"role", std::string(role)},
                      {"title", std::string(title)},
                      {"href", std::string(href)}});
}

struct LinkRole {
  const char* rel;
  const char* title;  // where the link has none
};
constexpr LinkRole kLinkRoles[] = {
    {"license", "Licence"},
    {"cite-as", "Citation"},
    {"derived_from", "Training data"},
    {"about", "About the model"},
    {"code", "Source code"},
    {"via", "Origin"},
};

bool HasLink(const Model& model, absl::string_view rel) {
  for (const ModelLink& link : model.links) {
    if (link.rel == rel && IsWebUrl(link.href)) return true;
  }
  return false;
}

}  // namespace

std::string BandInWords(const ModelBand& band) {
  std::vector<std::string> facts;
  if (!band.common_name.empty() && band.common_name != band.name) {
    facts.push_back(band.common_name);
  }
  if (band.center_wavelength) {
    facts.push_back(absl::StrCat(*band.center_wavelength, " µm"));
  }
  if (band.expression) facts.push_back("computed");
  return facts.empty()
             ? band.name
             : absl::StrCat(band.name, " (", absl::StrJoin(facts, ", "), ")");
}

std::string PixelSizeInWords(const Model& model) {
  std::optional<double> size;
  for (const ModelInput& in : model.inputs) {
    for (const ModelBand& band : in.bands) {
      if (!band.gsd || (size && *size != *band.gsd)) return "";
      size = band.gsd;
    }
  }
  return size ? absl::StrCat(*size, " m") : "";
}

double DefaultThreshold(const Model& model) {
  for (const char* key : kThresholdKeys) {
    const Json* value = Find(model.hyperparameters, key);
    if (!value || !value->is_number()) continue;
    const double threshold = value->get<double>();
    if (threshold >= 0 && threshold <= 1) return threshold;
  }
  return 0.5;
}

bool IsThresholdKey(const std::string& key) {
  for (const char* known : kThresholdKeys) {
    if (key == known) return true;
  }
  return false;
}

std::string DescribeInWords(const Model& model) {
  std::string text = model.description;
  Paragraph(text, "Input", InputsInWords(model));
  Paragraph(text, "Classes", ClassesInWords(model));
  Paragraph(text, "Scores, as its author states them", ScoresInWords(model));
  Paragraph(text, "Limits", LimitsInWords(model));
  Paragraph(text, "Meant for", ContextInWords(model));
  Paragraph(text, "Model", MakingInWords(model));
  if (!model.citation.empty()) Paragraph(text, "Cite as", model.citation);
  return text;
}

Json DescribeMetadata(const Model& model) {
  Json metadata = Json::array();
  // A licence by its SPDX name has a page; a link of the item is better.
  if (!HasLink(model, "license") && !model.license.empty() &&
      model.license != "proprietary" && model.license != "various" &&
      model.license != "other") {
    AddMetadata(
        metadata, "license", absl::StrCat("Licence ", model.license),
        absl::StrCat("https://spdx.org/licenses/", model.license, ".html"));
  }
  if (!model.doi.empty()) {
    AddMetadata(metadata, "cite-as", absl::StrCat("DOI ", model.doi),
                absl::StrCat("https://doi.org/", model.doi));
  }
  for (const LinkRole& role : kLinkRoles) {
    for (const ModelLink& link : model.links) {
      if (link.rel != role.rel) continue;
      AddMetadata(metadata, role.rel,
                  link.title.empty() ? role.title : link.title, link.href);
    }
  }
  for (const ModelLink& link : model.links) {
    if (link.rel == "self") {
      AddMetadata(metadata, "describedby", "The model's STAC Item", link.href);
      return metadata;
    }
  }
  AddMetadata(metadata, "describedby", "The model's STAC Item",
              model.item_href);
  return metadata;
}

}  // namespace pushbroom
