// The job store of one machine: a SQLite file in WAL mode, shared by the
// service and its workers.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// Opens or makes the file and brings its schema up to date.
/// kFailedPrecondition if a newer program made it. `clock` must outlive the
/// store. ":memory:" is refused: use NewMemoryJobStore.
absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(
    const std::string& path, const JobStore::Options& options,
    const Clock& clock);

}  // namespace pushbroom
