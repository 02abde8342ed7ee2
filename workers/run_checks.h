// Whether a job can be begun with this model.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schemas/model.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// kFailedPrecondition, with every reason the probe gave, unless the model was
/// probed, runs here and has an output.
absl::Status CheckModelReady(const ModelRecord& model);

/// The one input that reads imagery, owned by `model`. kUnimplemented if there
/// is none, or more than one.
absl::StatusOr<const ModelInput*> ImageryInput(const Model& model);

}  // namespace pushbroom
