// Jobs as rows. All of these throw SQLite::Exception and are called inside a
// transaction of SqliteDatabase.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/core/jobs/sqlite_connection.h"
#include "service/core/jobs/transitions.h"

namespace pushbroom {

/// A SELECT over job of what ReadJob reads, `rest` being what follows FROM job.
std::string SelectJobs(absl::string_view rest);

/// The row at which `query` stands.
absl::StatusOr<StoredJob> ReadJob(const SqliteQuery& query);
absl::StatusOr<std::vector<StoredJob>> ReadJobs(SqliteQuery& query);

enum class JobParts {
  kAll,
  kWithoutRequest  // spares parsing what may be a large STAC Item
};
/// Absent if there is no such job.
absl::StatusOr<std::optional<StoredJob>> FindJob(
    SqliteConnection& connection, absl::string_view job_id,
    JobParts parts = JobParts::kAll);

/// Refuses what could not be read back, so that no row can block the queue.
absl::Status InsertJob(SqliteConnection& connection, const Job& job,
                       absl::string_view idempotency_key);

/// Writes what the transitions change (not the request), and the outbox rows.
absl::Status SaveJob(SqliteConnection& connection, const StoredJob& stored,
                     const Deliveries& deliveries, absl::Time now);

/// `text` that this store has written.
absl::StatusOr<Json> ParseStored(const std::string& text);

}  // namespace pushbroom
