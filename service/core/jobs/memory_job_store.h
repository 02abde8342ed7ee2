// A job store for tests: nothing is kept.
#pragma once

#include <memory>

#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// `clock` must outlive the store.
std::unique_ptr<JobStore> NewMemoryJobStore(const JobStore::Options& options,
                                            const Clock& clock);

}  // namespace pushbroom
