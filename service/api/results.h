// What a job gave, in the forms of section 7.11 of OGC API – Processes 1.0.
//
// The bytes of files never pass through here: where the standard wants the
// bytes of one file as the answer, the answer is a redirect to a signed URL
// (307, or 303 after a POST, which a client must not repeat there); where it
// wants several, files are referenced parts.
#pragma once

#include "absl/strings/string_view.h"
#include "schemas/job.h"
#include "service/api/context.h"
#include "service/api/router.h"

namespace pushbroom::api {

/// The answer for a job in any state: its results as its request asked for
/// them, why it failed, or that there is nothing yet. `redirect` is 303 or 307.
Response RenderResults(const Context& context, const Request& request,
                       const Job& job, int redirect);

/// GET /jobs/{jobId}/results
Answer GetResults(const Context& context, const Request& request,
                  const PathValues& values);

/// GET /jobs/{jobId}/results/{outputId}
Answer GetResult(const Context& context, const Request& request,
                 const PathValues& values);

}  // namespace pushbroom::api
