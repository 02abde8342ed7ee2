#include "workers/dispatcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "workers/echo_runner.h"

namespace pushbroom {

Dispatcher::Dispatcher(std::string pool, JobStore& store, Engine& engine,
                       JobRunner& runner)
    : pool_(std::move(pool)), store_(store), engine_(engine), runner_(runner) {}

absl::StatusOr<JobResult> Dispatcher::Run(const Job& job,
                                          const RunContext& context) {
  if (job.kind == JobKind::kExecute && job.model_digest.empty() &&
      job.process_id == kEchoProcess) {
    return RunEcho(job, context);
  }
  auto model = store_.GetModel(job.model_digest);
  if (model.status().code() == absl::StatusCode::kNotFound) {
    return absl::FailedPreconditionError(
        absl::StrCat("model \"", job.model_digest, "\" of process \"",
                     job.process_id, "\" is not registered any more"));
  }
  PB_RETURN_IF_ERROR(model.status());
  if (job.kind == JobKind::kProbe) return Probe(*model, context);
  return runner_.Run(job, *model, context);
}

absl::StatusOr<JobResult> Dispatcher::Probe(const ModelRecord& model,
                                            const RunContext& context) {
  Progress progress;
  progress.message = "loading the model and running it on dummy tiles";
  context.progress(progress);
  PB_ASSIGN_OR_RETURN(
      const ModelProbe probe,
      engine_.Probe(model.model, model.artifact_path, context.cancel));
  PB_RETURN_IF_ERROR(store_.SetProbe(model.digest, pool_, probe));
  return JobResult();
}

}  // namespace pushbroom
