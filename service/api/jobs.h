// The jobs: list, status, dismissal.
#pragma once

#include "absl/status/statusor.h"
#include "service/api/context.h"
#include "service/api/router.h"

namespace pushbroom::api {

/// The job if clients may see it. kNotFound for what is no id, and for probes.
absl::StatusOr<Job> FindJob(const Context& context, const std::string& id);

/// The answer when FindJob gives no job.
Response RenderJobError(const absl::Status& status, const std::string& id,
                        const Request& request);

Answer ListJobs(const Context& context, const Request& request);
Answer GetJob(const Context& context, const Request& request,
              const PathValues& values);

/// An active job is dismissed; an ended one is forgotten, with its files.
Answer DeleteJob(const Context& context, const Request& request,
                 const PathValues& values);

}  // namespace pushbroom::api
