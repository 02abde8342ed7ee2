#include "process-descriptions/dialects/mlm_tensors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "process-descriptions/dialects/vocabulary.h"

namespace pushbroom {
namespace {

std::vector<int64_t> ReadShape(const Node& node) {
  std::vector<int64_t> shape;
  for (const Node& element : node.Elements()) {
    // A size that is no integer was said; 0 is refused by the checks.
    shape.push_back(element.Integer().value_or(0));
  }
  return shape;
}

// A name, or {name, format, expression}.
std::vector<ModelBand> ReadBands(const Node& node) {
  std::vector<ModelBand> bands;
  for (const Node& element : node.Elements()) {
    ModelBand band;
    if (element.json().is_object()) {
      band.name = element["name"].Text();
      const bool format = static_cast<bool>(element["format"]);
      const bool expression = static_cast<bool>(element["expression"]);
      if (format && expression) {
        band.expression = ReadExpressions(element).front();
      } else if (format || expression) {
        element.Error("band-expression-incomplete",
                      "format and expression of a band go together");
      }
    } else {
      band.name = element.Text();
    }
    if (band.name.empty()) {
      element.Error("band-name-missing", "a band has no name");
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

double Required(const Node& op, absl::string_view key) {
  const Node member = op[key];
  if (!member) {
    op.Error("scaling-value-missing",
             absl::StrCat("scaling of type \"", op["type"].Text(),
                          "\" needs \"", key, "\""));
    return 0;
  }
  return member.Number().value_or(0);
}

// {"type": …}; null and {} leave the channel as it is.
ScalingChain ReadScalingOp(const Node& node) {
  using Kind = ScalingOp::Kind;
  const Node type = node["type"];
  if (!type) {
    if (node && !node.json().is_object()) {
      node.Error("scaling-type-unknown", "scaling is no object with a type");
    }
    return {};
  }
  ScalingOp op;
  const std::string name = Kebab(type.Text());
  if (name == "min-max" || name == "clip") {
    op.kind = name == "clip" ? Kind::kClip : Kind::kMinMax;
    op.minimum = Required(node, "minimum");
    op.maximum = Required(node, "maximum");
  } else if (name == "z-score") {
    op.kind = Kind::kZScore;
    op.mean = Required(node, "mean");
    op.stddev = Required(node, "stddev");
  } else if (name == "clip-min") {
    op.kind = Kind::kClipMin;
    op.minimum = Required(node, "minimum");
  } else if (name == "clip-max") {
    op.kind = Kind::kClipMax;
    op.maximum = Required(node, "maximum");
  } else if (name == "offset" || name == "scale") {
    op.kind = name == "scale" ? Kind::kScale : Kind::kOffset;
    op.value = Required(node, "value");
  } else if (name == "processing") {
    node.Error("expression-not-served",
               absl::StrCat("value scaling by an expression (\"",
                            node["format"].Text(), "\") is not evaluated"));
    return {};
  } else {
    type.Error("scaling-type-unknown",
               absl::StrCat("\"", type.Text(), "\" is no type of scaling"));
    return {};
  }
  return {op};
}

std::vector<ScalingChain> ReadScaling(const Node& input, size_t channels) {
  const Node value_scaling = input["value_scaling"];
  if (!value_scaling.exists()) {
    // norm_type of 1.0 – 1.3; alone, norm_by_channel and statistics scale
    // nothing.
    const Node norm = input["norm_type"];
    if (norm && Kebab(norm.Text()) != "none") {
      norm.Error("normalisation-not-served",
                 absl::StrCat("norm_type \"", norm.Text(),
                              "\" of MLM 1.0 to "
                              "1.3 is not read; state it as value_scaling"));
    }
    return {};
  }
  std::vector<ScalingChain> scaling;
  if (value_scaling.json().is_array()) {
    // Elements() keeps nulls: a channel without scaling has its place.
    for (const Node& op : value_scaling.Elements()) {
      scaling.push_back(ReadScalingOp(op));
    }
  } else if (value_scaling) {
    scaling.push_back(ReadScalingOp(value_scaling));
  }
  const bool nothing =
      std::all_of(scaling.begin(), scaling.end(),
                  [](const ScalingChain& chain) { return chain.empty(); });
  if (scaling.size() <= 1) {
    if (nothing) return {};
    return std::vector<ScalingChain>(std::max<size_t>(1, channels),
                                     scaling.front());
  }
  // A list of nulls of the right length is no scaling either; of the wrong
  // length it stays, and the checks say so.
  if (nothing && scaling.size() == channels) return {};
  return scaling;
}

// stac-model's from_torch writes the kernel of the first convolution as the
// image size.
void FreeImplausibleSizes(const Node& input, ModelInput& in) {
  constexpr int64_t kSmallest = 16;
  bool freed = false;
  for (const char* dim : {"height", "width"}) {
    const int index = in.DimIndex(dim);
    const int64_t size = in.DimSize(dim);
    if (index < 0 || size <= 1 || size >= kSmallest) continue;
    in.shape[static_cast<size_t>(index)] = -1;
    freed = true;
  }
  if (freed) {
    input["input"]["shape"].Warn(
        "shape-implausible",
        absl::StrCat("height and width below ", kSmallest,
                     " look like the size of a kernel; read as any size"));
  }
}

}  // namespace

ModelInput ReadMlmInput(const Node& node, const BandDefinitions& definitions,
                        bool segmentation, TensorOrigin& origin) {
  ModelInput in;
  in.name = node["name"].Text();
  in.description = node["description"].Text();
  const Node tensor = node["input"];
  in.shape = ReadShape(tensor["shape"]);
  in.dims =
      ReadDimensions(tensor.FirstOf({"dim_order", "dim_names"}), in.shape);
  in.dtype = ReadTensorType(tensor.FirstOf({"data_type", "dtype"}));
  const Node bands = node["bands"];
  const Node variables = node["variables"];
  const bool from_variables =
      bands.Elements().empty() && !variables.Elements().empty();
  in.bands = ReadBands(from_variables ? variables : bands);
  if (!from_variables && !variables.Elements().empty()) {
    variables.Error("input-not-served",
                    "bands and variables in one input are not served");
  }
  definitions.Complete(in.bands);
  in.scaling = ReadScaling(node, in.bands.size());
  in.resize = ReadResize(node.FirstOf({"resize_type", "rescale_type"}));
  in.preprocessing = ReadExpressions(node["pre_processing_function"]);
  if (segmentation) FreeImplausibleSizes(node, in);
  origin = {node.pointer(),
            tensor["shape"].pointer(),
            tensor["dim_order"].pointer(),
            (from_variables ? variables : bands).pointer(),
            node["value_scaling"].pointer(),
            ""};
  return in;
}

ModelOutput ReadMlmOutput(const Node& node, TensorOrigin& origin) {
  ModelOutput out;
  out.name = node["name"].Text();
  out.description = node["description"].Text();
  const Node tensor = node["result"];
  out.shape = ReadShape(tensor["shape"]);
  out.dims =
      ReadDimensions(tensor.FirstOf({"dim_order", "dim_names"}), out.shape);
  out.dtype = ReadTensorType(tensor.FirstOf({"data_type", "dtype"}));
  const bool per_pixel =
      out.DimIndex("height") >= 0 && out.DimIndex("width") >= 0;
  out.tasks = ReadTasks(node["tasks"], per_pixel);
  const Node bands = node["bands"];
  out.bands = ReadBands(bands.Elements().empty() ? node["variables"] : bands);
  const Node classes = node.FirstOf(
      {"classification:classes", "classification_classes", "classes"});
  out.classes = ReadClasses(classes);
  const int64_t channels =
      out.DimIndex("class") >= 0 ? out.DimSize("class") : out.DimSize("bands");
  if (out.classes.empty() && out.DimIndex("class") >= 0 && channels > 1 &&
      channels < 256) {
    classes.Warn(
        "classes-unnamed",
        absl::StrCat(channels, " classes have no names; they are called ",
                     "class-0 and so on"));
    for (int64_t value = 0; value < channels; ++value) {
      ModelClass c;
      c.value = value;
      c.name = absl::StrCat("class-", value);
      out.classes.push_back(std::move(c));
    }
  }
  out.channel_to_class =
      MatchChannels(channels == 0 ? 1 : channels, out.classes);
  out.postprocessing = ReadExpressions(node["post_processing_function"]);
  origin = {node.pointer(),
            tensor["shape"].pointer(),
            tensor["dim_order"].pointer(),
            bands.pointer(),
            "",
            classes.pointer()};
  return out;
}

}  // namespace pushbroom
