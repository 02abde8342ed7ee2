#include "process-descriptions/output_forms.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/job_result.h"

namespace pushbroom {
namespace {

constexpr char kCog[] =
    "image/tiff; application=geotiff; profile=cloud-optimized";

bool HasSpace(const ModelOutput& output) {
  return output.DimIndex("height") >= 0 && output.DimIndex("width") >= 0;
}

bool IsFloat(DataType type) {
  return type == DataType::kFloat16 || type == DataType::kFloat32 ||
         type == DataType::kFloat64;
}

bool HasTask(const Model& model, const ModelOutput& output,
             absl::string_view part) {
  const auto has = [part](const std::string& task) {
    return absl::StrContains(task, part);
  };
  const auto& tasks = output.tasks.empty() ? model.tasks : output.tasks;
  return std::any_of(tasks.begin(), tasks.end(), has);
}

// Scores per pixel and class.
bool IsClassRaster(const Model& model, const ModelOutput& output) {
  const int64_t channels = OutputChannels(output);
  if (!HasSpace(output) || channels == 0) return false;
  const bool classes = output.DimIndex("class") >= 0 ||
                       !output.classes.empty() ||
                       HasTask(model, output, "segmentation");
  if (!classes) return false;
  // One channel of integers holds labels; one of floats tells two classes.
  return channels != 1 || (IsFloat(output.dtype) && output.classes.size() <= 2);
}

bool IsLabelRaster(const Model&, const ModelOutput& output) {
  return HasSpace(output) && !output.classes.empty();
}
bool IsValueRaster(const Model&, const ModelOutput& output) {
  return HasSpace(output);
}
bool IsDetections(const Model& model, const ModelOutput& output) {
  return output.DimIndex("detections") >= 0 ||
         HasTask(model, output, "detection");
}
bool IsTileLabel(const Model&, const ModelOutput& output) {
  return output.DimIndex("class") >= 0;
}
bool IsEmbedding(const Model&, const ModelOutput& output) {
  return output.DimIndex("embedding") >= 0;
}
bool IsAnything(const Model&, const ModelOutput&) { return true; }

Json CogOutput(std::string title, std::string description) {
  return {{"title", std::move(title)},
          {"description", std::move(description)},
          {"schema",
           {{"type", "string"},
            {"contentEncoding", "binary"},
            {"contentMediaType", kCog}}}};
}

void DescribeClassRaster(const ModelOutput& output, Json& outputs) {
  std::vector<std::string> names;
  for (const ModelClass& c : output.classes) {
    names.push_back(
        absl::StrCat(c.value, " ", c.title.empty() ? c.name : c.title));
  }
  outputs[kClassesOutput] = CogOutput(
      "Class raster",
      absl::StrCat("One byte per pixel with the value of its class",
                   names.empty() ? "" : ": ", absl::StrJoin(names, ", "),
                   ". Pixels without valid input are nodata."));
  outputs[kProbabilitiesOutput] = CogOutput(
      "Probabilities",
      "One floating-point band per channel of the model, 0 to 1. Written only "
      "if the input `probabilities` is true.");
}

}  // namespace

absl::Span<const OutputForm> OutputForms() {
  static constexpr OutputForm kForms[] = {
      {"a class raster", IsClassRaster, DescribeClassRaster},
      {"a raster of labels", IsLabelRaster, nullptr},
      {"a raster of values", IsValueRaster, nullptr},
      {"detections", IsDetections, nullptr},
      {"one label per tile", IsTileLabel, nullptr},
      {"an embedding per tile", IsEmbedding, nullptr},
      {"a tensor of unknown meaning", IsAnything, nullptr},
  };
  return kForms;
}

const OutputForm& FormOf(const Model& model, const ModelOutput& output) {
  const auto forms = OutputForms();
  return *std::find_if(forms.begin(), forms.end(), [&](const OutputForm& form) {
    return form.matches(model, output);
  });
}

int64_t OutputChannels(const ModelOutput& output) {
  const int64_t size = output.DimIndex("class") >= 0 ? output.DimSize("class")
                                                     : output.DimSize("bands");
  return size < 0 && !output.channel_to_class.empty()
             ? static_cast<int64_t>(output.channel_to_class.size())
             : size;
}

bool IsThresholded(const Model& model) {
  return !model.outputs.empty() &&
         FormOf(model, model.outputs.front()).describe ==
             &DescribeClassRaster &&
         OutputChannels(model.outputs.front()) == 1;
}

}  // namespace pushbroom
