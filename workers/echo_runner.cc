#include "workers/echo_runner.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr char kPause[] = "pause";

absl::Status Pause(absl::Duration pause, const RunContext& context) {
  const absl::Time begin = absl::Now();
  for (;;) {
    const absl::Duration done = absl::Now() - begin;
    if (done >= pause) return context.cancel.status();
    Progress progress;
    progress.percent = static_cast<int>(100 * absl::FDivDuration(done, pause));
    progress.message = "pausing";
    context.progress(progress);
    if (context.cancel.WaitFor(std::min(pause - done, absl::Seconds(1)))) {
      return context.cancel.status();
    }
  }
}

}  // namespace

absl::StatusOr<JobResult> RunEcho(const Job& job, const RunContext& context) {
  const Json& values = job.request.values;
  if (const Json* pause = Find(values, kPause); pause && pause->is_number()) {
    PB_RETURN_IF_ERROR(Pause(absl::Seconds(pause->get<double>()), context));
  }
  JobResult result;
  for (const auto& [id, value] : values.items()) {
    const auto& wanted = job.request.outputs;
    if (id == kPause || (wanted && wanted->count(id) == 0)) continue;
    OutputValue& output = result.outputs[id];
    output.value = value;
    output.media_type = value.is_string() ? "text/plain" : "application/json";
  }
  return result;
}

}  // namespace pushbroom
