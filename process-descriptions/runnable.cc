// What this program serves today, as a table: later a row goes, or its
// function looks for less.
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "process-descriptions/describe.h"
#include "process-descriptions/dialects/item.h"
#include "process-descriptions/output_forms.h"

namespace pushbroom {
namespace {

// Where things stand in an item: diagnostics of a model that was read from
// the prefix mlm speak of the item, others of nothing in particular.
std::string PointerTo(const Model& model, absl::string_view path) {
  return model.dialect.family == "mlm" ? absl::StrCat("/properties", path) : "";
}

std::string InputPointer(const Model& model, size_t i, absl::string_view path) {
  return PointerTo(model, absl::StrCat("/mlm:input/", i, path));
}

std::string OutputPointer(const Model& model, size_t i,
                          absl::string_view path) {
  return PointerTo(model, absl::StrCat("/mlm:output/", i, path));
}

std::string DimsText(const Dimensions& dims) {
  return absl::StrCat("[", absl::StrJoin(dims, ", "), "]");
}

void OneImageryInput(const Model& model, Diagnostics& found) {
  size_t imagery = 0;
  for (const ModelInput& in : model.inputs) imagery += in.is_imagery() ? 1 : 0;
  if (model.inputs.size() == 1 && imagery == 1) return;
  found.Error(
      "input-not-served", PointerTo(model, "/mlm:input"),
      absl::StrCat("the model has ", model.inputs.size(), " inputs, ", imagery,
                   " of them with bands; served are models with one "
                   "input, which has bands"));
}

void InputDims(const Model& model, Diagnostics& found) {
  const std::set<std::string> served = {"batch", "bands", "height", "width"};
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const ModelInput& in = model.inputs[i];
    const std::set<std::string> dims(in.dims.begin(), in.dims.end());
    if (dims != served) {
      found.Error(
          "input-not-served", InputPointer(model, i, "/input/dim_order"),
          absl::StrCat("the input has the dimensions ", DimsText(in.dims),
                       "; served are batch, bands, height and width"));
    }
    const int64_t height = in.DimSize("height"), width = in.DimSize("width");
    if (height > 0 && width > 0 && height != width) {
      found.Error("input-not-served", InputPointer(model, i, "/input/shape"),
                  absl::StrCat("tiles of ", height, " × ", width,
                               " pixels; only square ones are served"));
    }
  }
}

void InputTypes(const Model& model, Diagnostics& found) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    if (model.inputs[i].dtype == DataType::kOther) {
      found.Error("input-not-served",
                  InputPointer(model, i, "/input/data_type"),
                  "the data type of the input is not served");
    }
  }
}

// The same band twice means several dates in one axis, not the same pixels
// twice.
void DistinctBands(const Model& model, Diagnostics& found) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    std::set<std::string> seen;
    for (const ModelBand& band : model.inputs[i].bands) {
      if (seen.insert(band.name).second) continue;
      found.Error("input-not-served", InputPointer(model, i, "/bands"),
                  absl::StrCat("band ", band.name,
                               " stands twice: several "
                               "dates in one axis are not served"));
      break;
    }
  }
}

void Expressions(const Model& model, Diagnostics& found) {
  const auto refuse = [&found](const ProcessingExpression& e,
                               const std::string& pointer,
                               absl::string_view what) {
    found.Error("expression-not-served", pointer,
                absl::StrCat(what, " of the format \"", e.format,
                             "\" is not evaluated"));
  };
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const ModelInput& in = model.inputs[i];
    for (size_t k = 0; k < in.bands.size(); ++k) {
      if (!in.bands[k].expression) continue;
      refuse(*in.bands[k].expression,
             InputPointer(model, i, absl::StrCat("/bands/", k)),
             absl::StrCat("band ", in.bands[k].name, ": an expression"));
    }
    for (const ProcessingExpression& e : in.preprocessing) {
      refuse(e, InputPointer(model, i, "/pre_processing_function"),
             "pre-processing");
    }
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    for (const ProcessingExpression& e : model.outputs[i].postprocessing) {
      refuse(e, OutputPointer(model, i, "/post_processing_function"),
             "post-processing");
    }
  }
}

void Resizing(const Model& model, Diagnostics& found) {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const std::string& resize = model.inputs[i].resize;
    if (resize.empty()) continue;
    found.Error(
        "resize-not-served", InputPointer(model, i, "/resize_type"),
        absl::StrCat("resizing tiles by \"", resize, "\" is not served"));
  }
}

void OneServedOutput(const Model& model, Diagnostics& found) {
  if (model.outputs.size() != 1) {
    found.Error("output-not-served", PointerTo(model, "/mlm:output"),
                absl::StrCat("the model has ", model.outputs.size(),
                             " outputs; served is one"));
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const ModelOutput& out = model.outputs[i];
    const OutputForm& form = FormOf(model, out);
    if (!form.describe) {
      found.Error("output-not-served",
                  OutputPointer(model, i, "/result/dim_order"),
                  absl::StrCat("the output ", DimsText(out.dims), " is ",
                               form.name, "; served is a class raster"));
    }
    if (out.dtype == DataType::kOther) {
      found.Error("output-not-served",
                  OutputPointer(model, i, "/result/data_type"),
                  "the data type of the output is not served");
    }
  }
}

// A class raster is of bytes, and one value is left for nodata.
void ClassValues(const Model& model, Diagnostics& found) {
  constexpr size_t kMostClasses = 255;
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const ModelOutput& out = model.outputs[i];
    const std::string pointer =
        OutputPointer(model, i, "/classification:classes");
    if (out.classes.size() > kMostClasses) {
      found.Error("output-not-served", pointer,
                  absl::StrCat(out.classes.size(), " classes exceed the ",
                               kMostClasses, " of a class raster"));
    }
    for (const ModelClass& c : out.classes) {
      if (c.value >= 0 && c.value <= 255) continue;
      found.Error("output-not-served", pointer,
                  absl::StrCat("class ", c.name, " has the value ", c.value,
                               ", a class raster holds 0 to 255"));
    }
  }
}

// The artifact decides; the framework is asked where its type is not said.
void Framework(const Model& model, Diagnostics& found) {
  const std::string& type = model.artifact.artifact_type;
  if (!type.empty()) {
    if (IsTorchScriptType(type)) return;
    found.Error("framework-not-served",
                absl::StrCat("/assets/", PointerToken(model.artifact.asset_key),
                             "/mlm:artifact_type"),
                absl::StrCat("artifacts of the type \"", type,
                             "\" do not run here; TorchScript "
                             "(torch.jit.save) does"));
    return;
  }
  if (model.framework.empty() || absl::StrContains(model.framework, "torch") ||
      absl::StrContains(model.framework, "Torch")) {
    return;
  }
  found.Error("framework-not-served", PointerTo(model, "/mlm:framework"),
              absl::StrCat("models of the framework \"", model.framework,
                           "\" do not run here; TorchScript does"));
}

// Devices that a model may insist on. A worker of another device kind is one
// more name here.
void Accelerator(const Model& model, Diagnostics& found) {
  static constexpr absl::string_view kServed[] = {"", "cpu"};
  if (!model.accelerator_constrained) return;
  for (absl::string_view served : kServed) {
    if (model.accelerator == served) return;
  }
  found.Error("accelerator-not-available", PointerTo(model, "/mlm:accelerator"),
              absl::StrCat("the model runs on \"", model.accelerator,
                           "\" only (mlm:accelerator_constrained); models are "
                           "placed on CPU workers"));
}

constexpr void (*kRules[])(const Model&, Diagnostics&) = {
    OneImageryInput, InputDims,       InputTypes,  DistinctBands, Expressions,
    Resizing,        OneServedOutput, ClassValues, Framework,     Accelerator,
};

}  // namespace

std::vector<Diagnostic> CheckRunnable(const Model& model) {
  Diagnostics found;
  for (const auto rule : kRules) rule(model, found);
  return found.list();
}

}  // namespace pushbroom
