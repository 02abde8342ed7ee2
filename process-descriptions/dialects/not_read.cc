// Dialects that this program recognises, so that it can say by name what it
// was given, and does not read. A reader moves its detection to a file of its
// own.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "process-descriptions/dialects/dialect.h"

namespace pushbroom {
namespace {

using By = Detection::By;

Detection ByFields(std::string evidence, std::string uri = "") {
  return {By::kFields, "", std::move(uri), {std::move(evidence)}};
}

Detection ByUri(std::string uri) {
  if (uri.empty()) return {};
  return {By::kUri, "", uri, {absl::StrCat("stac_extensions names ", uri)}};
}

// A member of any of the model's inputs, whatever list or object they are.
bool AnyInputHas(const Json& inputs, std::initializer_list<const char*> keys) {
  const auto has = [&keys](const Json& input) {
    for (const char* key : keys) {
      if (Find(input, key)) return true;
    }
    return false;
  };
  if (!inputs.is_array()) return has(inputs);
  for (const Json& input : inputs) {
    if (has(input)) return true;
  }
  return false;
}

Detection DetectStacModelDump(const Json& document) {
  for (const char* key : {"mlm_input", "mlm_name", "ml_model_architecture"}) {
    if (Find(document, key)) {
      return ByFields(absl::StrCat("top-level member \"", key, "\""));
    }
  }
  return {};
}

Detection DetectMlmMetadataFile(const Json& document) {
  const std::string schema = StringOr(document, "$schema");
  if (absl::StrContains(schema, "/mlm/") &&
      Find(PropertiesOf(document), "input")) {
    return ByFields("\"$schema\" names MLM, and fields have no prefix", schema);
  }
  return {};
}

Detection DetectMlmDraft2024(const Json& document) {
  const Json& p = PropertiesOf(document);
  const std::string uri = ExtensionUri(
      document, {"raw.githubusercontent.com/crim-ca/dlm-extension/"});
  const Json* input = Find(p, "mlm:input");
  if (!input) return ByUri(uri);
  const Json* architecture = Find(p, "mlm:architecture");
  if (architecture && architecture->is_object()) {
    return ByFields("mlm:architecture is an object", uri);
  }
  for (const char* key : {"mlm:runtime", "mlm:task"}) {
    if (Find(p, key)) return ByFields(absl::StrCat("member ", key), uri);
  }
  if (AnyInputHas(*input, {"input_feature", "input_array", "input_arrays"})) {
    return ByFields("tensors are under input_feature or input_array", uri);
  }
  return ByUri(uri);
}

Detection DetectMlmDraftDlmPrefix(const Json& document) {
  const Json& p = PropertiesOf(document);
  for (const char* key : {"dlm:input", "dlm:output"}) {
    if (Find(p, key)) return ByFields(absl::StrCat("member ", key));
  }
  return ByUri(ExtensionUri(
      document, {"schemas.stacspec.org/v1.0.0-beta.3/extensions/ml-model/"}));
}

Detection DetectDlm(const Json& document) {
  for (const std::string& key :
       KeysWithPrefix(PropertiesOf(document), "dlm:")) {
    return ByFields(absl::StrCat("member ", key));
  }
  std::string uri = ExtensionUri(document, {"/extensions/dl-model/"});
  if (uri.empty()) uri = ExtensionUri(document, {"dl-model"});
  return ByUri(uri);
}

Detection DetectMlModel(const Json& document) {
  for (const std::string& key :
       KeysWithPrefix(PropertiesOf(document), "ml-model:")) {
    return ByFields(absl::StrCat("member ", key));
  }
  return ByUri(ExtensionUri(document, {"stac-extensions.github.io/ml-model/"}));
}

Detection DetectTrainingDml(const Json& document) {
  for (const std::string& key :
       KeysWithPrefix(PropertiesOf(document), "tdml:")) {
    return ByFields(absl::StrCat("member ", key));
  }
  return ByUri(
      ExtensionUri(document, {"stac-extensions.github.io/trainingdml-ai/"}));
}

}  // namespace

Dialect StacModelDump() {
  return {"mlm-draft", "a dump of the stac-model package of January 2024",
          DetectStacModelDump, nullptr};
}
Dialect MlmMetadataFile() {
  return {"mlm-yaml", "a metadata file of the stac-model package",
          DetectMlmMetadataFile, nullptr};
}
Dialect MlmDraft2024() {
  return {"mlm-draft", "a draft of MLM of early 2024", DetectMlmDraft2024,
          nullptr};
}
Dialect MlmDraftDlmPrefix() {
  return {"mlm-draft", "a draft of MLM that still has the prefix dlm",
          DetectMlmDraftDlmPrefix, nullptr};
}
Dialect Dlm() {
  return {"dlm", "the Deep Learning Model extension", DetectDlm, nullptr};
}
Dialect MlModel() {
  return {"ml-model", "the ML Model extension, which describes no tensors",
          DetectMlModel, nullptr};
}
Dialect TrainingDml() {
  return {"tdml", "TrainingDML-AI, which describes training data and no model",
          DetectTrainingDml, nullptr};
}

}  // namespace pushbroom
