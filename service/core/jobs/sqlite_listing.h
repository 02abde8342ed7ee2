// What the SQLite job store answers about many jobs at once. Each promise is
// that of the JobStore method; all throw SQLite::Exception and are called
// inside a transaction of SqliteDatabase.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/sqlite_connection.h"

namespace pushbroom::sqlite {

absl::StatusOr<JobPage> ListJobs(SqliteConnection& connection,
                                 const JobFilter& filter, absl::Time now);
absl::StatusOr<std::vector<Job>> ExpiredJobs(SqliteConnection& connection,
                                             absl::Time before, int limit);
absl::StatusOr<std::vector<QueueStats>> Stats(SqliteConnection& connection,
                                              absl::Time now);

}  // namespace pushbroom::sqlite
