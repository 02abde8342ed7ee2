// The built-in process `echo`: outputs repeat inputs.
#pragma once

#include "absl/status/statusor.h"
#include "schemas/job.h"
#include "workers/run_context.h"

namespace pushbroom {

inline constexpr char kEchoProcess[] = "echo";

/// Every value of the request but `pause` becomes the output of the same id, if
/// the request asks for it; `pause` is how many seconds it takes. The token's
/// reason if it is cancelled meanwhile.
absl::StatusOr<JobResult> RunEcho(const Job& job, const RunContext& context);

}  // namespace pushbroom
