// The outbox and the named locks of the SQLite job store. Each promise is that
// of the JobStore method of the same name; all throw SQLite::Exception and are
// called inside a transaction of SqliteDatabase.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/sqlite_connection.h"

namespace pushbroom::sqlite {

absl::StatusOr<std::vector<OutboxEntry>> OutboxDue(SqliteConnection& connection,
                                                   int limit, absl::Time now);
absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(SqliteConnection& connection,
                                                  absl::string_view job_id);
absl::Status OutboxDone(SqliteConnection& connection, int64_t id);
absl::Status OutboxRetry(SqliteConnection& connection, int64_t id,
                         absl::string_view error, absl::Time due);

absl::StatusOr<bool> TryLock(SqliteConnection& connection,
                             absl::string_view name, absl::string_view holder,
                             absl::Duration ttl, absl::Time now);

}  // namespace pushbroom::sqlite
