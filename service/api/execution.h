// POST /processes/{processId}/execution.
#pragma once

#include "service/api/context.h"
#include "service/api/router.h"

namespace pushbroom::api {

/// Validates, submits, and answers 201 (asynchronous) or parks (synchronous).
/// A synchronous job is stored unlisted, so its answer names no job: no Link
/// header is sent. When the wait is over before the job, the answer is 201.
Answer Execute(const Context& context, const Request& request,
               const PathValues& values);

}  // namespace pushbroom::api
