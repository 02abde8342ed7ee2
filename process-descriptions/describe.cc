#include "process-descriptions/describe.h"

#include <algorithm>
#include <utility>

#include "process-descriptions/description_parts.h"
#include "process-descriptions/output_forms.h"
#include "schemas/job_result.h"

namespace pushbroom {
namespace {

constexpr char kDefaultVersion[] = "1.0.0";

Json DescribeOutputs(const Model& model) {
  Json outputs = Json::object();
  for (const ModelOutput& output : model.outputs) {
    const OutputForm& form = FormOf(model, output);
    if (form.describe) form.describe(output, outputs);
  }
  outputs[kItemOutput] = {
      {"title", "STAC Item"},
      {"description",
       "Describes the result: its assets, what it was derived from, and how."},
      {"schema",
       {{"type", "object"},
        {"format", "geojson-feature"},
        {"contentMediaType", "application/geo+json"}}}};
  return outputs;
}

Json Summary(const Model& model) {
  Json summary = {
      {"id", model.id},
      {"title", model.title.empty() ? model.id : model.title},
      {"description", DescribeInWords(model)},
      {"version", model.version.empty() ? kDefaultVersion : model.version},
      {"jobControlOptions", {"sync-execute", "async-execute", "dismiss"}},
      {"outputTransmission", {"value", "reference"}}};
  Json keywords = model.keywords;
  for (const std::string& task : model.tasks) {
    if (std::find(keywords.begin(), keywords.end(), task) == keywords.end()) {
      keywords.push_back(task);
    }
  }
  if (!keywords.empty()) summary["keywords"] = std::move(keywords);
  if (Json metadata = DescribeMetadata(model); !metadata.empty()) {
    summary["metadata"] = std::move(metadata);
  }
  return summary;
}

}  // namespace

ProcessDescription Describe(const Model& model,
                            const DescribeOptions& options) {
  ProcessDescription description;
  description.summary = Summary(model);
  description.process = description.summary;
  description.process["inputs"] =
      DescribeInputs(model, options, description.imagery_inputs);
  description.process["outputs"] = DescribeOutputs(model);
  return description;
}

}  // namespace pushbroom
