#include "workers/run_checks.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pushbroom {

absl::Status CheckModelReady(const ModelRecord& model) {
  if (!model.probe) {
    return absl::FailedPreconditionError(absl::StrCat(
        "model \"", model.process_id, "\" has not been probed yet"));
  }
  if (!model.probe->runnable) {
    std::vector<std::string> reasons;
    for (const Diagnostic& d : model.probe->diagnostics) {
      if (d.level == Severity::kError) reasons.push_back(d.text);
    }
    return absl::FailedPreconditionError(absl::StrCat(
        "model \"", model.process_id, "\" cannot run here: ",
        reasons.empty() ? "its probe failed" : absl::StrJoin(reasons, "; ")));
  }
  if (model.model.outputs.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("model \"", model.process_id, "\" has no output"));
  }
  return absl::OkStatus();
}

absl::StatusOr<const ModelInput*> ImageryInput(const Model& model) {
  const ModelInput* found = nullptr;
  for (const ModelInput& input : model.inputs) {
    if (!input.is_imagery()) continue;
    if (found != nullptr) {
      return absl::UnimplementedError(absl::StrCat(
          "model \"", model.id, "\" reads two pieces of imagery, \"",
          found->name, "\" and \"", input.name, "\"; one can be served"));
    }
    found = &input;
  }
  if (found == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("model \"", model.id, "\" reads no imagery"));
  }
  return found;
}

}  // namespace pushbroom
