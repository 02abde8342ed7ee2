// Which job a worker gets next.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/sqlite_connection.h"

namespace pushbroom::sqlite {

/// The seq of the next job for `request`, see JobStore::Claim; absent if there
/// is none. Throws SQLite::Exception.
std::optional<int64_t> PickJob(SqliteConnection& connection,
                               const ClaimRequest& request, absl::Time now);

// Its two statements, exposed for the test of their query plans.
// 1: pool, 2: now → priority
extern const char kClaimPrioritySql[];
// 1–2 as above, 3: priority → seq, alone
extern const char kClaimJobSql[];

}  // namespace pushbroom::sqlite
