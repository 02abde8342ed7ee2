#include "service/core/jobs/sqlite_schema.h"

#include <SQLiteCpp/Transaction.h>

#include <iterator>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

// SQLite's application_id: says whose file this is. "PBJS".
constexpr int kApplicationId = 0x50424a53;

// Times and durations are whole microseconds, times since 1970 in UTC. What is
// structured is JSON text. Large columns come last, so that a scan of the
// others never follows their overflow pages.
constexpr char kVersion1[] = R"sql(
CREATE TABLE job (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('execute', 'probe')),
  process_id TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  tenant TEXT NOT NULL,
  owner TEXT NOT NULL,
  pool TEXT NOT NULL,
  priority INTEGER NOT NULL,
  listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
  state TEXT NOT NULL CHECK (state IN
    ('accepted', 'running', 'successful', 'failed', 'dismissed')),
  progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
  tiles_done INTEGER NOT NULL,
  tiles_planned INTEGER NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt >= 0),
  max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
  crashes INTEGER NOT NULL CHECK (crashes >= 0),
  alone INTEGER NOT NULL CHECK (alone IN (0, 1)),
  accompanied INTEGER NOT NULL DEFAULT 0 CHECK (accompanied IN (0, 1)),
  deadline INTEGER NOT NULL,
  dismiss_requested INTEGER NOT NULL CHECK (dismiss_requested IN (0, 1)),
  worker_id TEXT NOT NULL,
  lease_token TEXT,
  lease_until INTEGER,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  run_after INTEGER NOT NULL,
  started INTEGER,
  finished INTEGER,
  idempotency_key TEXT,
  traceparent TEXT NOT NULL,
  message TEXT NOT NULL,
  request TEXT NOT NULL,
  error TEXT,
  result TEXT,
  CHECK ((state = 'running') = (lease_token IS NOT NULL)),
  CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
  CHECK ((state IN ('successful', 'failed', 'dismissed'))
         = (finished IS NOT NULL)),
  CHECK ((state = 'successful') = (result IS NOT NULL)),
  CHECK ((state = 'failed') = (error IS NOT NULL)),
  CHECK (dismiss_requested = 0 OR state IN ('running', 'dismissed'))
) STRICT;

-- With `state` though their WHERE says it already: else the row is read for it.
CREATE INDEX job_claim
  ON job(pool, priority, tenant, created, seq, run_after, alone, state)
  WHERE state = 'accepted';
CREATE INDEX job_lease ON job(lease_until) WHERE state = 'running';
CREATE INDEX job_worker ON job(worker_id, alone, state) WHERE state = 'running';
CREATE INDEX job_running ON job(pool, tenant, state) WHERE state = 'running';
CREATE INDEX job_newest ON job(created, seq);
CREATE INDEX job_newest_of_tenant ON job(tenant, created, seq);
CREATE INDEX job_ended ON job(finished) WHERE finished IS NOT NULL;
CREATE INDEX job_pool ON job(pool, state, run_after);
CREATE UNIQUE INDEX job_idempotency ON job(tenant, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  due INTEGER NOT NULL,
  UNIQUE (job_id, kind)
) STRICT;
CREATE INDEX outbox_due ON outbox(due);

CREATE TABLE lock (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE model (
  digest TEXT PRIMARY KEY,
  process_id TEXT NOT NULL,
  artifact_path TEXT NOT NULL,
  current INTEGER NOT NULL CHECK (current IN (0, 1)),
  pool TEXT NOT NULL,
  created INTEGER NOT NULL,
  model TEXT NOT NULL,
  probe TEXT
) STRICT;
CREATE UNIQUE INDEX model_current ON model(process_id) WHERE current = 1;
)sql";

constexpr const char* kMigrations[] = {kVersion1};
constexpr int kNewest = static_cast<int>(std::size(kMigrations));

int Version(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

absl::Status CheckOurs(SQLite::Database& database) {
  const int version = Version(database);
  const int owner = database.execAndGet("PRAGMA application_id").getInt();
  const bool empty =
      database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (owner != kApplicationId && !empty) {
    return absl::FailedPreconditionError(
        "the file is a database of another program");
  }
  if (version > kNewest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the file has schema version ", version, ", this program knows up to ",
        kNewest, "; use a newer program"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BringUpToDate(SQLite::Database& database) {
  {
    // One snapshot: another process may just be making the tables.
    SQLite::Transaction snapshot(database);
    if (absl::Status ours = CheckOurs(database); !ours.ok()) return ours;
  }
  const std::string mode =
      database.execAndGet("PRAGMA journal_mode = WAL").getString();
  if (absl::AsciiStrToLower(mode) != "wal") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the file system does not allow SQLite's WAL mode, it stays \"", mode,
        "\"; use a local directory"));
  }
  if (Version(database) == kNewest) return absl::OkStatus();
  SQLite::Transaction transaction(database,
                                  SQLite::TransactionBehavior::IMMEDIATE);
  // Again under the lock: another process may have been faster.
  if (absl::Status ours = CheckOurs(database); !ours.ok()) return ours;
  for (int v = Version(database); v < kNewest; ++v) {
    database.exec(kMigrations[v]);
  }
  database.exec(absl::StrCat("PRAGMA application_id = ", kApplicationId));
  database.exec(absl::StrCat("PRAGMA user_version = ", kNewest));
  transaction.commit();
  return absl::OkStatus();
}

}  // namespace pushbroom
