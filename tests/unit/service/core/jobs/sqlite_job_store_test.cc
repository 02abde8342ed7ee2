// What is SQLite's own; what every store promises is in tests/contract.
#include "service/core/jobs/sqlite_job_store.h"

#include <SQLiteCpp/Database.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_claim.h"
#include "service/core/jobs/sqlite_connection.h"
#include "service/core/jobs/sqlite_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SqliteJobStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<JobStore>> Open() {
    return OpenSqliteJobStore(path_, {}, clock_);
  }
  SQLite::Database Raw() {
    return SQLite::Database(path_,
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  }

  ScratchDirectory directory_ =
      *ScratchDirectory::Create(::testing::TempDir(), "sqlite_job_store");
  const std::string path_ = directory_.File("jobs.db");
  testing::FakeClock clock_;
};

TEST_F(SqliteJobStoreTest, KeepsJobsWhenItIsClosed) {
  std::string id;
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open());
    ASSERT_OK_AND_ASSIGN(const Job job, store->Submit(Job(), ""));
    id = job.id;
  }
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_OK(store->Get(id));
}

TEST_F(SqliteJobStoreTest, RefusesWhatIsNoFile) {
  for (const char* path : {"", ":memory:", "file:jobs.db?mode=memory"}) {
    EXPECT_STATUS(OpenSqliteJobStore(path, {}, clock_),
                  absl::StatusCode::kInvalidArgument, path);
  }
}

TEST_F(SqliteJobStoreTest, SaysWhichFileItCannotMake) {
  const std::string path = directory_.File("absent/jobs.db");
  EXPECT_STATUS(OpenSqliteJobStore(path, {}, clock_),
                absl::StatusCode::kUnavailable, path);
}

TEST_F(SqliteJobStoreTest, RefusesAFileOfANewerProgram) {
  ASSERT_OK(Open());
  Raw().exec("PRAGMA user_version = 999");
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition,
                "schema version 999");
}

TEST_F(SqliteJobStoreTest, RefusesADatabaseOfAnotherProgram) {
  Raw().exec("CREATE TABLE photos(id)");
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition,
                "another program");
}

TEST_F(SqliteJobStoreTest, RefusesAFileThatIsNoDatabase) {
  ASSERT_OK(WriteFileAtomically(path_, std::string(4096, 'x')));
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition, path_);
}

TEST_F(SqliteJobStoreTest, IsMadeOnceByManyWhoOpenItAtOnce) {
  std::vector<absl::Status> opened(8);
  std::vector<std::thread> threads;
  for (absl::Status& status : opened) {
    threads.emplace_back([&] { status = Open().status(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : opened) EXPECT_OK(status);
}

TEST_F(SqliteJobStoreTest, SyncsItsLogAtEveryCommit) {
  ASSERT_OK(Open());
  SqliteConnection connection(path_, SqliteConnection::Use::kWrite);
  SQLite::Database& database = connection.database();
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "wal");
  EXPECT_EQ(database.execAndGet("PRAGMA synchronous").getInt(), 2);  // FULL
  EXPECT_EQ(database.execAndGet("PRAGMA busy_timeout").getInt(), 10'000);
}

TEST_F(SqliteJobStoreTest, KeepsAJobOfAProcessThatWasKilled) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = Open();
    Job job;
    job.id = "survivor";
    const bool ok = store.ok() && (*store)->Submit(job, "").ok();
    if (write(ready[1], ok ? "1" : "0", 1) != 1) _exit(1);
    pause();
    _exit(1);
  }
  char ok = '0';
  ASSERT_EQ(read(ready[0], &ok, 1), 1);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ready[0]);
  close(ready[1]);
  EXPECT_EQ(ok, '1');
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_OK(store->Get("survivor"));
}

TEST_F(SqliteJobStoreTest, RefusesRowsThatNoTransitionMakes) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(store->Submit(Job(), ""));
  SQLite::Database raw = Raw();
  for (const char* change :
       {"state = 'running'", "state = 'failed'", "state = 'unheard-of'",
        "lease_token = 'x'", "finished = 1", "result = '{}'",
        "dismiss_requested = 1", "progress = 101", "attempt = -1"}) {
    EXPECT_THROW(raw.exec(absl::StrCat("UPDATE job SET ", change)),
                 SQLite::Exception)
        << change;
  }
}

TEST_F(SqliteJobStoreTest, RefusesARequestThatItCouldNotReadAgain) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  Job job;
  Json* inner = &job.request.values["deep"];
  for (int i = 0; i < 200; ++i) inner = &(*inner)["x"];
  EXPECT_STATUS(store->Submit(job, ""), absl::StatusCode::kResourceExhausted,
                "the request cannot be stored");
  ASSERT_OK_AND_ASSIGN(const JobPage page, store->List({}));
  EXPECT_EQ(page.matched, 0);
}

TEST_F(SqliteJobStoreTest, NamesTheJobWhoseRecordIsDamaged) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK_AND_ASSIGN(const Job job, store->Submit(Job(), ""));
  Raw().exec("UPDATE job SET request = '{'");
  const absl::Status status = store->Get(job.id).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(job.id));
}

// A claim holds the one write lock: it must not read the backlog.
TEST_F(SqliteJobStoreTest, ClaimsWithoutScanningTheBacklog) {
  ASSERT_OK(Open());
  SqliteConnection connection(path_, SqliteConnection::Use::kRead);
  for (const char* sql : {sqlite::kClaimPrioritySql, sqlite::kClaimJobSql}) {
    SqliteQuery plan =
        connection.Query(absl::StrCat("EXPLAIN QUERY PLAN ", sql));
    std::string text;
    while (plan.Step()) absl::StrAppend(&text, plan.Text(3), "\n");
    EXPECT_THAT(text, HasSubstr("USING COVERING INDEX job_claim")) << text;
    EXPECT_THAT(text, Not(HasSubstr("USING INDEX"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("SCAN job"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("SCAN j"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("SCAN r"))) << text;
  }
}

}  // namespace
}  // namespace pushbroom
