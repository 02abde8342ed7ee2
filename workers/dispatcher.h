// Which code runs which job.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "schemas/job.h"
#include "service/core/jobs/job_store.h"
#include "workers/inference/engine.h"
#include "workers/job_runner.h"
#include "workers/run_context.h"

namespace pushbroom {

/// Thread-safe.
class Dispatcher {
 public:
  /// The references must outlive it. `pool`: on whose behalf models are
  /// probed.
  Dispatcher(std::string pool, JobStore& store, Engine& engine,
             JobRunner& runner);

  /// Probe jobs load the model and store what was found; `echo` echoes; every
  /// other job runs its model. Errors as of these; kFailedPrecondition if the
  /// model is not in the store.
  absl::StatusOr<JobResult> Run(const Job& job, const RunContext& context);

 private:
  absl::StatusOr<JobResult> Probe(const ModelRecord& model,
                                  const RunContext& context);

  const std::string pool_;
  JobStore& store_;
  Engine& engine_;
  JobRunner& runner_;
};

}  // namespace pushbroom
