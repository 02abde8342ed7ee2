#include "service/core/jobs/sqlite_listing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_rows.h"

namespace pushbroom::sqlite {
namespace {

/// A WHERE clause whose numbers are in the text and whose strings are bound.
struct Where {
  std::string text = "WHERE 1";
  std::vector<std::string> strings;

  void And(absl::string_view condition) {
    absl::StrAppend(&text, " AND ", condition);
  }
  void AndIn(absl::string_view column, std::vector<std::string> values) {
    if (values.empty()) return;
    const std::vector<absl::string_view> marks(values.size(), "?");
    And(absl::StrCat(column, " IN (", absl::StrJoin(marks, ", "), ")"));
    for (std::string& value : values) strings.push_back(std::move(value));
  }
};

Where WhereOf(const JobFilter& filter, absl::Time now) {
  Where where;
  if (!filter.include_unlisted) where.And("listed = 1 AND kind = 'execute'");
  where.AndIn("process_id", filter.process_ids);
  std::vector<std::string> states;
  for (JobState state : filter.states) states.emplace_back(NameOf(state));
  where.AndIn("state", std::move(states));
  if (filter.tenant) where.AndIn("tenant", {*filter.tenant});
  if (const auto& start = filter.created.start) {
    where.And(absl::StrCat("created >= ", absl::ToUnixMicros(*start)));
  }
  if (const auto& end = filter.created.end) {
    where.And(absl::StrCat("created <= ", absl::ToUnixMicros(*end)));
  }
  // A job that has not started has no duration; a comparison with NULL drops
  // it.
  const std::string duration = absl::StrCat(
      "coalesce(finished, ", absl::ToUnixMicros(now), ") - started");
  if (const auto& least = filter.min_duration) {
    where.And(
        absl::StrCat(duration, " >= ", absl::ToInt64Microseconds(*least)));
  }
  if (const auto& most = filter.max_duration) {
    where.And(absl::StrCat(duration, " <= ", absl::ToInt64Microseconds(*most)));
  }
  return where;
}

std::vector<Job> JobsOf(std::vector<StoredJob> stored) {
  std::vector<Job> jobs;
  jobs.reserve(stored.size());
  for (StoredJob& s : stored) jobs.push_back(std::move(s.job));
  return jobs;
}

/// Runs a statement over the jobs of `where`. Filters differ too much for their
/// statements to be kept.
template <typename Read>
auto Select(SqliteConnection& connection, const std::string& sql,
            const Where& where, Read read) {
  SQLite::Statement statement(connection.database(), sql);
  SqliteQuery query(statement);
  int at = 0;
  for (const std::string& value : where.strings) query.Bind(++at, value);
  return read(query);
}

}  // namespace

absl::StatusOr<JobPage> ListJobs(SqliteConnection& connection,
                                 const JobFilter& filter, absl::Time now) {
  const Where where = WhereOf(filter, now);
  JobPage page;
  page.matched = Select(
      connection, absl::StrCat("SELECT count(*) FROM job ", where.text), where,
      [](SqliteQuery& query) { return query.Step() ? query.Int(0) : 0; });
  PB_ASSIGN_OR_RETURN(
      std::vector<StoredJob> stored,
      Select(connection,
             SelectJobs(absl::StrCat(where.text,
                                     " ORDER BY created DESC, seq DESC LIMIT ",
                                     std::max(0, filter.limit), " OFFSET ",
                                     std::max(0, filter.offset))),
             where, [](SqliteQuery& query) { return ReadJobs(query); }));
  page.jobs = JobsOf(std::move(stored));
  return page;
}

absl::StatusOr<std::vector<Job>> ExpiredJobs(SqliteConnection& connection,
                                             absl::Time before, int limit) {
  SqliteQuery query = connection.Query(
      SelectJobs("WHERE finished < ? ORDER BY finished, seq LIMIT ?"), before,
      std::max(0, limit));
  PB_ASSIGN_OR_RETURN(std::vector<StoredJob> stored, ReadJobs(query));
  return JobsOf(std::move(stored));
}

absl::StatusOr<std::vector<QueueStats>> Stats(SqliteConnection& connection,
                                              absl::Time now) {
  SqliteQuery query = connection.Query(
      "SELECT pool, sum(state = 'accepted'), sum(state = 'running'), "
      "  max(CASE state WHEN 'accepted' THEN ?1 - run_after END), "
      "  (SELECT count(*) FROM outbox JOIN job j ON j.id = job_id "
      "   WHERE j.pool = job.pool) "
      "FROM job INDEXED BY job_pool GROUP BY pool ORDER BY pool",
      now);
  std::vector<QueueStats> all;
  while (query.Step()) {
    QueueStats stats;
    stats.pool = query.Text(0);
    stats.accepted = query.Int(1);
    stats.running = query.Int(2);
    // Absent, and so 0, where nothing waits.
    stats.oldest_wait = absl::Microseconds(std::max<int64_t>(0, query.Int(3)));
    stats.outbox_pending = query.Int(4);
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace pushbroom::sqlite
