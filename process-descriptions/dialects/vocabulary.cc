#include "process-descriptions/dialects/vocabulary.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

using Aliases = std::map<std::string, std::string, std::less<>>;

constexpr absl::string_view kTasks[] = {"regression",
                                        "classification",
                                        "scene-classification",
                                        "detection",
                                        "object-detection",
                                        "segmentation",
                                        "semantic-segmentation",
                                        "instance-segmentation",
                                        "panoptic-segmentation",
                                        "similarity-search",
                                        "generative",
                                        "image-captioning",
                                        "super-resolution",
                                        "downscaling"};

const Aliases& DimensionAliases() {
  static const auto* const aliases =
      new Aliases{{"b", "batch"},         {"n", "batch"},
                  {"batches", "batch"},   {"samples", "batch"},
                  {"band", "bands"},      {"channel", "bands"},
                  {"channels", "bands"},  {"c", "bands"},
                  {"t", "time"},          {"times", "time"},
                  {"date", "time"},       {"timestep", "time"},
                  {"timesteps", "time"},  {"h", "height"},
                  {"y", "height"},        {"lat", "height"},
                  {"latitude", "height"}, {"rows", "height"},
                  {"w", "width"},         {"x", "width"},
                  {"lon", "width"},       {"lng", "width"},
                  {"longitude", "width"}, {"cols", "width"},
                  {"d", "depth"},         {"z", "depth"},
                  {"alt", "depth"},       {"altitude", "depth"},
                  {"classes", "class"},   {"embeddings", "embedding"}};
  return *aliases;
}

constexpr absl::string_view kDimensions[] = {
    "batch",     "bands",      "variables",  "time",   "height",
    "width",     "depth",      "class",      "score",  "token",
    "embedding", "confidence", "detections", "values", "patch"};

// What numpy and C call the types, to their STAC names.
const Aliases& TypeAliases() {
  static const auto* const aliases = new Aliases{
      {"byte", "int8"},        {"ubyte", "uint8"},   {"short", "int16"},
      {"ushort", "uint16"},    {"intc", "int32"},    {"uintc", "uint32"},
      {"int_", "int64"},       {"uint", "uint64"},   {"longlong", "int64"},
      {"ulonglong", "uint64"}, {"half", "float16"},  {"float", "float32"},
      {"double", "float64"},   {"float_", "float64"}};
  return *aliases;
}

const Aliases& AcceleratorAliases() {
  static const auto* const aliases =
      new Aliases{{"amd64", "cpu"}, {"gpu", "cuda"}, {"mps", "macos-arm"}};
  return *aliases;
}

constexpr absl::string_view kAccelerators[] = {
    "amd64",          "cpu",      "cuda", "xla", "amd-rocm", "intel-ipex-cpu",
    "intel-ipex-gpu", "macos-arm"};

template <size_t N>
bool In(const absl::string_view (&list)[N], absl::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string Resolve(const Aliases& aliases, std::string name) {
  const auto it = aliases.find(name);
  return it == aliases.end() ? name : it->second;
}

bool Has(const std::vector<std::string>& list, absl::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool IsClassName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  });
}

ProcessingExpression ReadExpression(const Node& node) {
  ProcessingExpression e;
  if (node.json().is_object()) {
    e.format = node["format"].Text("unknown");
    if (Node expression = node["expression"]) e.expression = expression.json();
    e.description = node["description"].Text();
    return e;
  }
  const std::string text = node.Text();
  if (absl::StartsWith(text, "http://") || absl::StartsWith(text, "https://")) {
    e.format = "uri";
    e.expression = {{"href", text}};
  } else {
    const bool path = text.find_first_of(":.") != std::string::npos &&
                      text.find(' ') == std::string::npos;
    e.format = path ? "python" : "unknown";
    e.expression = text;
  }
  return e;
}

}  // namespace

std::string Kebab(absl::string_view text) {
  std::string out;
  for (char c : absl::StripAsciiWhitespace(text)) {
    const auto u = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(u)) {
      out += absl::ascii_tolower(u);
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  return std::string(absl::StripSuffix(out, "-"));
}

std::vector<std::string> ReadTasks(const Node& node, bool per_pixel) {
  std::vector<std::string> tasks;
  for (const Node& element : node.Elements()) {
    std::string task = Kebab(element.Text());
    if (task.empty()) continue;
    if (task == "object-segmentation") task = "instance-segmentation";
    if (task == "binary-classification") {
      task = per_pixel ? "semantic-segmentation" : "classification";
    }
    if (!In(kTasks, task)) {
      element.Info("task-unknown",
                   absl::StrCat("the task \"", task, "\" is not one of MLM's"));
    }
    if (!Has(tasks, task)) tasks.push_back(std::move(task));
  }
  return tasks;
}

Dimensions ReadDimensions(const Node& node, const std::vector<int64_t>& shape) {
  std::vector<std::string> raw;
  if (node.json().is_string()) {
    for (char c : node.Text()) raw.emplace_back(1, c);
  } else {
    raw = node.Texts();
  }
  for (std::string& name : raw) {
    name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(name));
  }
  // "h" beside y and x is an axis of its own (a height above ground, say).
  const bool h_is_height = !(Has(raw, "y") && Has(raw, "x"));
  Dimensions dims;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == "h" && !h_is_height) {
      dims.push_back("bands");
      continue;
    }
    dims.push_back(Resolve(DimensionAliases(), raw[i]));
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    if (In(kDimensions, dims[i])) continue;
    const bool singleton = i < shape.size() && shape[i] == 1;
    if (singleton && Has(dims, "height") && Has(dims, "width") &&
        !Has(dims, "bands")) {
      node.Info(
          "dimension-singleton",
          absl::StrCat("\"", raw[i], "\" of size 1 is read as the band axis"));
      dims[i] = "bands";
    } else {
      node.Info("dimension-unknown",
                absl::StrCat("the dimension \"", raw[i], "\" is not known"));
    }
  }
  const auto height = std::find(dims.begin(), dims.end(), "height");
  const auto width = std::find(dims.begin(), dims.end(), "width");
  if (height != dims.end() && width < height) {
    node.Warn("dims-transposed",
              "width stands before height and is taken literally; on squares "
              "a slip would not show");
  }
  return dims;
}

DataType ReadTensorType(const Node& node) {
  if (!node) {
    node.Warn("dtype-missing", "no data type is given: float32 is assumed");
    return DataType::kFloat32;
  }
  const std::string name = absl::AsciiStrToLower(node.Text());
  const DataType type = DataTypeFromName(Resolve(TypeAliases(), name));
  if (type == DataType::kOther) {
    node.Error("dtype-unknown",
               absl::StrCat("the data type \"", name,
                            "\" is none that a tensor here can have"));
  }
  return type;
}

std::string ReadAccelerator(const Node& node) {
  if (!node) return "";
  const std::string written = node.Text();
  std::string name = absl::AsciiStrToLower(written);
  name = name.substr(0, name.find(':'));
  const std::string canonical = Resolve(AcceleratorAliases(), name);
  if (!In(kAccelerators, written)) {
    node.Warn("accelerator-spelling",
              absl::StrCat("\"", written, "\" is not one of MLM's names; read ",
                           "as \"", canonical, "\""));
  }
  return canonical;
}

std::string ReadResize(const Node& node) {
  std::string name = Kebab(node.Text());
  if (name == "none") return "";
  if (name == "interpolation") return "interpolation-linear";
  if (absl::StartsWith(name, "interpolate-")) {
    return absl::StrCat("interpolation-", name.substr(12));
  }
  return name;
}

std::string ReadColor(const Node& node) {
  if (node.json().is_array() && node.json().size() >= 3) {
    std::string color;
    for (size_t i = 0; i < 3; ++i) {
      const Json& part = node.json()[i];
      if (!part.is_number_integer() || part < 0 || part > 255) {
        node.Warn("color-unknown", "a part of the colour is not in 0 … 255");
        return "";
      }
      absl::StrAppendFormat(&color, "%02X", part.get<int>());
    }
    return color;
  }
  std::string color = node.Text();
  color = absl::AsciiStrToUpper(absl::StripPrefix(color, "#"));
  if (color.empty()) return "";
  const bool hex = std::all_of(color.begin(), color.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (color.size() != 6 || !hex) {
    node.Warn("color-unknown",
              absl::StrCat("the colour \"", color, "\" is not RRGGBB"));
    return "";
  }
  return color;
}

std::vector<ProcessingExpression> ReadExpressions(const Node& node) {
  std::vector<ProcessingExpression> list;
  for (const Node& element : node.Elements()) {
    if (!element) continue;
    if (element.json().is_string()) {
      const std::string text = element.Text();
      if (text.empty() || text == "built-in" || text == "none") continue;
    }
    list.push_back(ReadExpression(element));
  }
  return list;
}

std::vector<ModelClass> ReadClasses(const Node& node) {
  std::vector<ModelClass> classes;
  const std::vector<Node> elements = node.Elements();
  for (size_t i = 0; i < elements.size(); ++i) {
    const Node& element = elements[i];
    ModelClass c;
    c.value = static_cast<int64_t>(i);
    std::string label;
    if (element.json().is_object()) {
      if (auto value = element["value"].Integer()) {
        c.value = *value;
      } else {
        element.Warn("class-value-missing",
                     absl::StrCat("a class without value gets its place, ", i));
      }
      label = element["name"].Text();
      c.title = element["title"].Text();
      c.description = element["description"].Text();
      c.color = ReadColor(element.FirstOf({"color_hint", "color-hint"}));
      c.nodata = element["nodata"].Boolean().value_or(false);
      if (label.empty()) label = c.title;
      if (label.empty()) label = c.description;
    } else {
      label = element.Text();
    }
    if (label.empty()) label = absl::StrCat("class-", c.value);
    if (IsClassName(label)) {
      c.name = label;
    } else {
      c.name = Kebab(label);
      if (c.name.empty()) c.name = absl::StrCat("class-", c.value);
      if (c.title.empty()) c.title = label;
    }
    classes.push_back(std::move(c));
  }
  return classes;
}

std::vector<int> MatchChannels(int64_t channels,
                               const std::vector<ModelClass>& classes) {
  const int count = static_cast<int>(classes.size());
  if (count == 0) return {};
  if (channels < 0) channels = count;
  std::vector<int> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const auto by_value = [&classes](int a, int b) {
    return classes[static_cast<size_t>(a)].value <
           classes[static_cast<size_t>(b)].value;
  };
  std::vector<int> sorted = order;
  std::stable_sort(sorted.begin(), sorted.end(), by_value);
  if (channels == 1 && count <= 2) return {sorted.back()};
  if (channels == count) {
    for (int i = 0; i < count; ++i) {
      const int index = sorted[static_cast<size_t>(i)];
      if (classes[static_cast<size_t>(index)].value != i) return order;
    }
    return sorted;
  }
  if (channels + 1 == count) {
    const auto nodata = std::find_if(
        sorted.begin(), sorted.end(),
        [&classes](int i) { return classes[static_cast<size_t>(i)].nodata; });
    if (nodata != sorted.end()) {
      sorted.erase(nodata);
      return sorted;
    }
  }
  return {};
}

}  // namespace pushbroom
