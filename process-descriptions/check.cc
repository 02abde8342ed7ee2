#include "process-descriptions/check.h"

#include <cmath>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

// The place of tensor `i`; of the whole document where none is known.
const TensorOrigin& OriginOf(const std::vector<TensorOrigin>& origins,
                             size_t i) {
  static const auto* const unknown = new TensorOrigin;
  return i < origins.size() ? origins[i] : *unknown;
}

// What inputs and outputs have in common.
template <typename Tensor>
void CheckShape(const Tensor& tensor, const TensorOrigin& origin,
                Diagnostics& diagnostics) {
  if (tensor.shape.size() != tensor.dims.size()) {
    diagnostics.Error(
        "shape-dims-mismatch", origin.shape,
        absl::StrCat("shape has ", tensor.shape.size(), " sizes for ",
                     tensor.dims.size(), " dimensions"));
  }
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] > 0 || tensor.shape[i] == -1) continue;
    diagnostics.Error("shape-size-invalid", absl::StrCat(origin.shape, "/", i),
                      absl::StrCat("a size is at least 1, or -1 for any; got ",
                                   tensor.shape[i]));
  }
  std::set<std::string> seen;
  for (const std::string& dim : tensor.dims) {
    if (!seen.insert(dim).second) {
      diagnostics.Error(
          "dims-duplicate", origin.dims,
          absl::StrCat("the dimension \"", dim, "\" stands twice"));
    }
  }
}

void CheckBands(const ModelInput& in, const TensorOrigin& origin,
                Diagnostics& diagnostics) {
  const int axis = in.DimIndex("bands") >= 0 ? in.DimIndex("bands")
                                             : in.DimIndex("variables");
  const auto bands = static_cast<int64_t>(in.bands.size());
  if (axis < 0) {
    if (bands > 1) {
      diagnostics.Error(
          "bands-axis-missing", origin.dims,
          absl::StrCat(bands, " bands have no dimension to stand in"));
    }
    return;
  }
  if (bands == 0) {
    diagnostics.Warn("bands-missing", origin.bands,
                     "there is a dimension for bands, but none are named");
    return;
  }
  if (static_cast<size_t>(axis) >= in.shape.size()) return;  // said already
  const int64_t size = in.shape[static_cast<size_t>(axis)];
  if (size <= 0 || size == bands) return;
  const std::string text = absl::StrCat("shape has ", size, " channels, but ",
                                        bands, " bands are named");
  if (in.preprocessing.empty()) {
    diagnostics.Error("channels-bands-mismatch", origin.bands, text);
  } else {
    diagnostics.Warn("channels-bands-mismatch", origin.bands,
                     absl::StrCat(text, "; pre-processing may explain it"));
  }
}

void CheckOp(const ScalingOp& op, const std::string& pointer,
             Diagnostics& diagnostics) {
  using Kind = ScalingOp::Kind;
  for (double number : {op.minimum, op.maximum, op.mean, op.stddev, op.value}) {
    if (!std::isfinite(number)) {
      diagnostics.Error("scaling-not-finite", pointer,
                        absl::StrCat("scaling by ", number));
      return;
    }
  }
  const auto divides_by_zero = [&](absl::string_view what) {
    diagnostics.Error("scaling-zero-divisor", pointer,
                      absl::StrCat(what, ": it would divide by zero"));
  };
  switch (op.kind) {
    case Kind::kMinMax:
      if (op.maximum == op.minimum) {
        divides_by_zero(absl::StrCat("minimum and maximum are ", op.minimum));
      }
      break;
    case Kind::kZScore:
      if (op.stddev == 0) divides_by_zero("stddev is 0");
      break;
    case Kind::kScale:
      if (op.value == 0) divides_by_zero("value is 0");
      break;
    case Kind::kClip:
      if (op.minimum > op.maximum) {
        diagnostics.Error("scaling-empty-range", pointer,
                          absl::StrCat("minimum ", op.minimum,
                                       " is above maximum ", op.maximum));
      }
      break;
    case Kind::kClipMin:
    case Kind::kClipMax:
    case Kind::kOffset:
    case Kind::kMultiply:
      break;
  }
}

void CheckScaling(const ModelInput& in, const TensorOrigin& origin,
                  Diagnostics& diagnostics) {
  if (!in.scaling.empty() && !in.bands.empty() &&
      in.scaling.size() != in.bands.size()) {
    diagnostics.Error(
        "scaling-length-mismatch", origin.scaling,
        absl::StrCat("scaling has ", in.scaling.size(), " entries for ",
                     in.bands.size(),
                     " bands; there is one for all, or one for each"));
  }
  std::set<std::string> said;  // a broadcast entry is one mistake, not many
  for (size_t i = 0; i < in.scaling.size(); ++i) {
    for (const ScalingOp& op : in.scaling[i]) {
      Diagnostics found;
      CheckOp(op, absl::StrCat(origin.scaling, "/", i), found);
      for (const Diagnostic& d : found.list()) {
        if (said.insert(absl::StrCat(d.code, d.text)).second) {
          diagnostics.Append({d});
        }
      }
    }
  }
}

void CheckClasses(const ModelOutput& out, const TensorOrigin& origin,
                  Diagnostics& diagnostics) {
  std::set<int64_t> values;
  for (const ModelClass& c : out.classes) {
    if (!values.insert(c.value).second) {
      diagnostics.Error("class-value-duplicate", origin.classes,
                        absl::StrCat("two classes have the value ", c.value));
    }
  }
  const bool by_class = out.DimIndex("class") >= 0;
  const int64_t channels =
      by_class ? out.DimSize("class") : out.DimSize("bands");
  if (out.classes.empty() || channels == 0) return;
  // One integer channel holds labels: any number of classes fits.
  const bool floats = out.dtype == DataType::kFloat16 ||
                      out.dtype == DataType::kFloat32 ||
                      out.dtype == DataType::kFloat64;
  if (channels == 1 && !floats) return;
  if (out.channel_to_class.empty()) {
    diagnostics.Error(
        "classes-channels-mismatch", origin.classes,
        absl::StrCat(out.classes.size(), " classes for ", channels,
                     channels == 1 ? " channel" : " channels"));
  }
}

}  // namespace

void CheckModel(const Model& model, const Origins& origins,
                Diagnostics& diagnostics) {
  if (model.inputs.empty()) {
    diagnostics.Error("input-missing", "", "the item describes no input");
  }
  if (model.outputs.empty()) {
    diagnostics.Error("output-missing", "", "the item describes no output");
  }
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const TensorOrigin& origin = OriginOf(origins.inputs, i);
    CheckShape(model.inputs[i], origin, diagnostics);
    CheckBands(model.inputs[i], origin, diagnostics);
    CheckScaling(model.inputs[i], origin, diagnostics);
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const TensorOrigin& origin = OriginOf(origins.outputs, i);
    CheckShape(model.outputs[i], origin, diagnostics);
    CheckClasses(model.outputs[i], origin, diagnostics);
    if (model.outputs[i].tasks.empty() && model.tasks.empty()) {
      diagnostics.Warn("tasks-missing", origin.whole,
                       "nothing says what the output is for");
    }
  }
}

}  // namespace pushbroom
