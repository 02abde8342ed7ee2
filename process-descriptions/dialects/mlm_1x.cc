// MLM 1.4 – 1.5.x, read by the presence of fields: the version in the URI is
// evidence only, because tools rewrite it without touching the fields.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "process-descriptions/dialects/bands.h"
#include "process-descriptions/dialects/dialect.h"
#include "process-descriptions/dialects/item.h"
#include "process-descriptions/dialects/mlm_tensors.h"
#include "process-descriptions/dialects/node.h"
#include "process-descriptions/dialects/vocabulary.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

using By = Detection::By;

// Examples write 1 where they do not know; a model needs more than that.
constexpr int64_t kLeastMemory = 1 << 20;

// Addresses under which the schema was published; the second is MLM 1.0.0
// although it is called dlm.
std::string MlmUri(const Json& document) {
  const std::vector<std::vector<std::string>> patterns = {
      {"stac-extensions.github.io/mlm/v"},
      {"crim-ca.github.io/mlm-extension/v"},
      {"crim-ca.github.io/dlm-extension/v1.0.0/"},
      {"https://stac-extensions/mlm/v"}};
  for (const auto& parts : patterns) {
    if (std::string uri = ExtensionUri(document, parts); !uri.empty()) {
      return uri;
    }
  }
  return "";
}

// "1.5.2" of "…/v1.5.2/schema.json"
std::string VersionIn(absl::string_view uri) {
  const size_t v = uri.rfind("/v");
  if (v == absl::string_view::npos) return "";
  const absl::string_view rest = uri.substr(v + 2);
  return std::string(rest.substr(0, rest.find('/')));
}

// Minor version, or -1.
int MinorOf(absl::string_view version) {
  const std::vector<std::string> parts = absl::StrSplit(version, '.');
  int minor = -1;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[1], &minor)) return -1;
  return minor;
}

// The lowest minor version that has the fields of these inputs, and why.
int MinorByFields(const Json& input, std::vector<std::string>& evidence) {
  int minor = 0;
  const auto at_least = [&](int needed, absl::string_view why) {
    if (needed <= minor) return;
    minor = needed;
    evidence.push_back(absl::StrCat(why, " → 1.", needed, " or later"));
  };
  for (const Json& in : input.is_array() ? input : Json::array({input})) {
    if (Find(in, "value_scaling")) at_least(4, "value_scaling");
    const Json* variables = Find(in, "variables");
    if (variables && !variables->empty()) at_least(5, "variables");
    const Json* functions = Find(in, "pre_processing_function");
    if (functions && functions->is_array()) {
      at_least(5, "a list of functions");
    }
    const Json* tensor = Find(in, "input");
    const Json* dims = tensor ? Find(*tensor, "dim_order") : nullptr;
    if (!dims || !dims->is_array()) continue;
    for (const Json& dim : *dims) {
      if (dim == "bands") at_least(5, "the dimension \"bands\"");
    }
  }
  return minor;
}

Detection DetectMlm1x(const Json& document) {
  Detection found;
  found.uri = MlmUri(document);
  const Json& p = PropertiesOf(document);
  const Json* input = Find(p, "mlm:input");
  for (const char* key :
       {"mlm:input", "mlm:output", "mlm:architecture", "mlm:tasks"}) {
    if (!Find(p, key)) continue;
    found.by = By::kFields;
    found.evidence.push_back(absl::StrCat("member ", key));
    break;
  }
  if (found.by == By::kNothing) {
    if (found.uri.empty()) return found;
    found.by = By::kUri;
  }
  found.version = VersionIn(found.uri);
  if (!found.uri.empty()) {
    found.evidence.push_back(absl::StrCat("stac_extensions names ", found.uri));
  }
  const int minor = input ? MinorByFields(*input, found.evidence) : 0;
  if (MinorOf(found.version) < minor) {
    found.version = absl::StrCat("1.", minor);
  }
  if (found.version.empty()) found.version = "1";
  return found;
}

// A field of the model's asset if it has it, else the item's.
class Fields {
 public:
  Fields(Node asset, Node properties)
      : asset_(std::move(asset)), properties_(std::move(properties)) {}
  Node operator[](absl::string_view key) const {
    const Node own = asset_[key];
    return own.exists() ? own : properties_[key];
  }

 private:
  Node asset_, properties_;
};

void ReadRuntime(const Fields& fields, Model& model) {
  model.framework = fields["mlm:framework"].Text();
  model.framework_version = fields["mlm:framework_version"].Text();
  const Node accelerator = fields["mlm:accelerator"];
  model.accelerator = ReadAccelerator(accelerator);
  model.accelerator_constrained =
      fields["mlm:accelerator_constrained"].Boolean().value_or(false);
  const Node count = fields["mlm:accelerator_count"];
  model.accelerator_count = static_cast<int>(
      std::clamp<int64_t>(count.Integer().value_or(1), 1, 1024));
  if (model.accelerator_count > 1 && !model.accelerator_constrained) {
    count.Warn("accelerator-count",
               absl::StrCat("the model asks for ", model.accelerator_count,
                            " accelerators; it runs on one"));
  }
  const Node batch = fields["mlm:batch_size_suggestion"];
  model.batch_size_suggestion = static_cast<int>(
      std::clamp<int64_t>(batch.Integer().value_or(0), 0, 1 << 20));
  model.total_parameters = fields["mlm:total_parameters"].Integer();
  model.memory_bytes = fields["mlm:memory_size"].Integer();
  if (model.memory_bytes && *model.memory_bytes < kLeastMemory) {
    fields["mlm:memory_size"].Info(
        "memory-size-ignored",
        absl::StrCat(*model.memory_bytes, " bytes are no plausible size"));
    model.memory_bytes.reset();
  }
  model.pretrained_source = fields["mlm:pretrained_source"].Text();
}

void WarnOfMissing(const Node& properties) {
  for (const char* key : {"mlm:name", "mlm:architecture", "mlm:tasks"}) {
    const Node field = properties[key];
    if (!field) {
      field.Warn("field-missing", absl::StrCat("MLM requires ", key));
    }
  }
}

absl::StatusOr<Model> ReadMlm1x(const Json& document, ReadContext& context) {
  const Node item(document, "", context.diagnostics);
  const Node properties =
      item["properties"].json().is_object() ? item["properties"] : item;
  const Node assets = item["assets"];

  Model model;
  PB_RETURN_IF_ERROR(ReadItem(item, context.href, model));
  WarnOfMissing(properties);
  model.name = properties["mlm:name"].Text();
  model.architecture = properties["mlm:architecture"].Text();
  if (model.title.empty()) model.title = model.name;

  const std::string key = ChooseModelAsset(assets);
  context.origins.artifact = assets[key].pointer();
  if (!key.empty()) {
    model.artifact = ReadArtifact(assets[key], key, properties, context.href);
  }
  const Fields fields(assets[key], properties);
  ReadRuntime(fields, model);

  bool per_pixel = false;
  for (const Node& node : properties["mlm:output"].Elements()) {
    TensorOrigin& origin = context.origins.outputs.emplace_back();
    model.outputs.push_back(ReadMlmOutput(node, origin));
    per_pixel = per_pixel || model.outputs.back().DimIndex("height") >= 0;
  }
  model.tasks = ReadTasks(properties["mlm:tasks"], per_pixel);
  const bool segmentation = std::any_of(
      model.tasks.begin(), model.tasks.end(), [](const std::string& task) {
        return absl::StrContains(task, "segmentation");
      });
  const BandDefinitions bands(properties, assets, key);
  for (const Node& node : properties["mlm:input"].Elements()) {
    TensorOrigin& origin = context.origins.inputs.emplace_back();
    model.inputs.push_back(ReadMlmInput(node, bands, segmentation, origin));
  }
  const Node hyperparameters = properties["mlm:hyperparameters"];
  if (hyperparameters.json().is_object()) {
    model.hyperparameters = hyperparameters.json();
  }
  return model;
}

}  // namespace

Dialect Mlm1x() {
  return {"mlm", "the Machine Learning Model extension 1.x", DetectMlm1x,
          ReadMlm1x};
}

}  // namespace pushbroom
