// SQLiteCpp as this folder uses it: cached statements, typed binding, and
// transactions at whose edge exceptions become absl::Status.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pushbroom {

/// One use of a prepared statement, which is reset when this goes.
/// Thread-compatible. Like everything of SQLiteCpp it throws.
class SqliteQuery {
 public:
  explicit SqliteQuery(SQLite::Statement& statement) : statement_(statement) {}
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;
  ~SqliteQuery() {
    // The error of a failed step was thrown already; a reset repeats it.
    statement_.tryReset();
  }

  void Bind(int at, absl::string_view value) {
    statement_.bind(at, std::string(value));
  }
  // Without this a literal would become a bool.
  void Bind(int at, const char* value) { statement_.bind(at, value); }
  void Bind(int at, int64_t value) { statement_.bind(at, value); }
  void Bind(int at, int value) { statement_.bind(at, value); }
  void Bind(int at, bool value) { statement_.bind(at, value ? 1 : 0); }
  void Bind(int at, absl::Time value) { Bind(at, absl::ToUnixMicros(value)); }
  void Bind(int at, absl::Duration value) {
    Bind(at, absl::ToInt64Microseconds(value));
  }
  void Bind(int at, const std::string& value) { statement_.bind(at, value); }
  template <typename T>
  void Bind(int at, const std::optional<T>& value) {
    if (value) {
      Bind(at, *value);
    } else {
      statement_.bind(at);
    }
  }

  /// True if there is a row.
  bool Step() { return statement_.executeStep(); }
  /// Runs a statement without rows; how many it changed.
  int Run() { return statement_.exec(); }

  // Columns of the row, from 0.
  bool IsNull(int at) const { return statement_.isColumnNull(at); }
  int64_t Int(int at) const { return statement_.getColumn(at).getInt64(); }
  std::string Text(int at) const {
    return statement_.getColumn(at).getString();
  }
  absl::Time Time(int at) const { return absl::FromUnixMicros(Int(at)); }
  std::optional<absl::Time> OptionalTime(int at) const {
    if (IsNull(at)) return std::nullopt;
    return Time(at);
  }

 private:
  SQLite::Statement& statement_;
};

/// One connection with its statements. Thread-compatible; throws.
class SqliteConnection {
 public:
  enum class Use { kWrite, kRead };
  SqliteConnection(const std::string& path, Use use);

  /// `sql` prepared once and kept, with its parameters bound in order.
  template <typename... Values>
  SqliteQuery Query(const std::string& sql, const Values&... values) {
    return SqliteQuery(Bound(Prepared(sql), values...));
  }
  template <typename... Values>
  int Run(const std::string& sql, const Values&... values) {
    return SqliteQuery(Bound(Prepared(sql), values...)).Run();
  }

  SQLite::Database& database() { return database_; }

 private:
  SQLite::Statement& Prepared(const std::string& sql);

  template <typename... Values>
  static SQLite::Statement& Bound(SQLite::Statement& statement,
                                  const Values&... values) {
    SqliteQuery binder(statement);
    int at = 0;
    (binder.Bind(++at, values), ...);
    (void)at;
    return statement;
  }

  SQLite::Database database_;
  std::map<std::string, SQLite::Statement> statements_;
};

/// kUnavailable where another call may succeed, else what fits.
absl::Status StatusFromSqlite(const SQLite::Exception& exception,
                              absl::string_view path);

/// A database file: one connection that writes and one that reads, each behind
/// its mutex, because a connection must not be used by two threads at once. So
/// a reader never waits for a writer's disk. Thread-safe.
class SqliteDatabase {
 public:
  /// See OpenSqliteJobStore.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path);

  /// Runs `body(connection)` in one BEGIN IMMEDIATE transaction, committed if
  /// it gives OK and rolled back otherwise. Once this returns OK, what was
  /// written is on the disk.
  template <typename Body>
  auto Write(Body body) -> decltype(body(std::declval<SqliteConnection&>())) {
    absl::MutexLock lock(&write_mutex_);
    return InTransaction(writer_, SQLite::TransactionBehavior::IMMEDIATE, body);
  }

  /// Runs `body(connection)` over one snapshot.
  template <typename Body>
  auto Read(Body body) -> decltype(body(std::declval<SqliteConnection&>())) {
    absl::MutexLock lock(&read_mutex_);
    return InTransaction(reader_, SQLite::TransactionBehavior::DEFERRED, body);
  }

 private:
  explicit SqliteDatabase(const std::string& path);  // throws

  static const absl::Status& StatusOf(const absl::Status& s) { return s; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& s) {
    return s.status();
  }

  template <typename Body>
  auto InTransaction(SqliteConnection& connection,
                     SQLite::TransactionBehavior behavior, Body& body)
      -> decltype(body(connection)) {
    try {
      SQLite::Transaction transaction(connection.database(), behavior);
      auto result = body(connection);
      if (StatusOf(result).ok()) transaction.commit();
      return result;
    } catch (const SQLite::Exception& e) {
      return StatusFromSqlite(e, path_);
    }
  }

  const std::string path_;
  absl::Mutex write_mutex_;
  SqliteConnection writer_ ABSL_GUARDED_BY(write_mutex_);
  absl::Mutex read_mutex_;
  SqliteConnection reader_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace pushbroom
