#include "service/core/jobs/sqlite_connection.h"

#include <sqlite3.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_schema.h"

namespace pushbroom {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr int kOpenTries = 500;
constexpr absl::Duration kOpenPause = absl::Milliseconds(20);

// synchronous = FULL: in WAL mode NORMAL syncs at checkpoints only, so a power
// cut could take back a commit, and with it a job whose 201 was already sent.
// FULL syncs the log at every commit; that costs one fdatasync for each write,
// and at the pace of jobs (seconds each) it is not noticed.
constexpr char kSettings[] =
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;";

}  // namespace

absl::Status StatusFromSqlite(const SQLite::Exception& exception,
                              absl::string_view path) {
  const std::string text =
      absl::StrCat("job store ", path, ": ", exception.what());
  switch (exception.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(text);
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(text);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(text);
    case SQLITE_NOTADB:
      return absl::FailedPreconditionError(text);
    default:
      return absl::InternalError(text);
  }
}

// NOMUTEX: SQLite need not lock what our own mutexes guard.
SqliteConnection::SqliteConnection(const std::string& path, Use use)
    : database_(
          path,
          SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
          kBusyTimeoutMs) {
  database_.exec(kSettings);
  if (use == Use::kRead) database_.exec("PRAGMA query_only = ON");
}

SQLite::Statement& SqliteConnection::Prepared(const std::string& sql) {
  auto it = statements_.find(sql);
  if (it == statements_.end()) {
    it = statements_.emplace(sql, SQLite::Statement(database_, sql)).first;
  }
  return it->second;
}

SqliteDatabase::SqliteDatabase(const std::string& path)
    : path_(path),
      writer_(path, SqliteConnection::Use::kWrite),
      reader_(path, SqliteConnection::Use::kRead) {}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(
    const std::string& path) {
  if (path.empty() || path == ":memory:" || absl::StartsWith(path, "file:")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", path, "\" is no file in which a job store can be kept"));
  }
  for (int tries = 1;; ++tries) {
    try {
      // Stays until the others are open: the last connection to close would
      // take the log away again, under the feet of another process.
      SqliteConnection first(path, SqliteConnection::Use::kWrite);
      PB_RETURN_IF_ERROR(Annotate(BringUpToDate(first.database()),
                                  absl::StrCat("job store ", path)));
      return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(path));
    } catch (const SQLite::Exception& e) {
      // Two that make the same file hinder each other in a way that SQLite's
      // own time-out does not wait for: one of them has to begin again.
      if (e.getErrorCode() != SQLITE_BUSY || tries >= kOpenTries) {
        return StatusFromSqlite(e, path);
      }
      absl::SleepFor(kOpenPause);
    }
  }
}

}  // namespace pushbroom
