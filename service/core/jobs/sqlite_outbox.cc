#include "service/core/jobs/sqlite_outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_rows.h"

namespace pushbroom::sqlite {
namespace {

#define PB_OUTBOX_COLUMNS \
  "SELECT id, job_id, kind, payload, attempts, last_error, due FROM outbox "

absl::StatusOr<std::vector<OutboxEntry>> ReadEntries(SqliteQuery& query) {
  std::vector<OutboxEntry> entries;
  while (query.Step()) {
    OutboxEntry entry;
    entry.id = query.Int(0);
    entry.job_id = query.Text(1);
    entry.kind = query.Text(2);
    PB_ASSIGN_OR_RETURN(entry.payload, ParseStored(query.Text(3)));
    entry.attempts = static_cast<int>(query.Int(4));
    entry.last_error = query.Text(5);
    entry.due = query.Time(6);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<OutboxEntry>> OutboxDue(SqliteConnection& connection,
                                                   int limit, absl::Time now) {
  SqliteQuery query = connection.Query(
      PB_OUTBOX_COLUMNS "WHERE due <= ? ORDER BY due, id LIMIT ?", now,
      std::max(0, limit));
  return ReadEntries(query);
}

absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(SqliteConnection& connection,
                                                  absl::string_view job_id) {
  SqliteQuery query = connection.Query(
      PB_OUTBOX_COLUMNS "WHERE job_id = ? ORDER BY id", job_id);
  return ReadEntries(query);
}

absl::Status OutboxDone(SqliteConnection& connection, int64_t id) {
  connection.Run("DELETE FROM outbox WHERE id = ?", id);
  return absl::OkStatus();
}

absl::Status OutboxRetry(SqliteConnection& connection, int64_t id,
                         absl::string_view error, absl::Time due) {
  const int changed = connection.Run(
      "UPDATE outbox SET attempts = attempts + 1, last_error = ?, due = ? "
      "WHERE id = ?",
      error, due, id);
  if (changed > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no outbox entry ", id));
}

absl::StatusOr<bool> TryLock(SqliteConnection& connection,
                             absl::string_view name, absl::string_view holder,
                             absl::Duration ttl, absl::Time now) {
  const int changed = connection.Run(
      "INSERT INTO lock(name, holder, until) VALUES (?1, ?2, ?3) "
      "ON CONFLICT(name) DO UPDATE SET holder = ?2, until = ?3 "
      "WHERE holder = ?2 OR until <= ?4",
      name, holder, now + ttl, now);
  return changed > 0;
}

}  // namespace pushbroom::sqlite
