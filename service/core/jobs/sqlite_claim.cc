#include "service/core/jobs/sqlite_claim.h"

#include <string>

namespace pushbroom::sqlite {

const char kClaimPrioritySql[] = R"sql(
SELECT priority FROM job INDEXED BY job_claim
WHERE state = 'accepted' AND pool = ?1 AND run_after <= ?2
ORDER BY priority LIMIT 1)sql";

// Tenants that wait are found by jumping from one to the next in the index, so
// that the backlog of one is not read to find another.
const char kClaimJobSql[] = R"sql(
WITH RECURSIVE waiting(tenant) AS (
  SELECT min(tenant) FROM job INDEXED BY job_claim
  WHERE state = 'accepted' AND pool = ?1 AND priority = ?3
  UNION ALL
  SELECT (SELECT min(j.tenant) FROM job j INDEXED BY job_claim
          WHERE j.state = 'accepted' AND j.pool = ?1 AND j.priority = ?3
            AND j.tenant > waiting.tenant)
  FROM waiting WHERE waiting.tenant IS NOT NULL
)
SELECT oldest.seq, oldest.alone FROM waiting JOIN job oldest ON oldest.seq = (
  SELECT j.seq FROM job j INDEXED BY job_claim
  WHERE j.state = 'accepted' AND j.pool = ?1 AND j.priority = ?3
    AND j.tenant = waiting.tenant AND j.run_after <= ?2
  ORDER BY j.created, j.seq LIMIT 1)
WHERE waiting.tenant IS NOT NULL
ORDER BY (SELECT count(*) FROM job r INDEXED BY job_running
          WHERE r.state = 'running' AND r.pool = ?1
            AND r.tenant = waiting.tenant),
         oldest.created, oldest.seq
LIMIT 1)sql";

namespace {

/// What a worker holds.
struct Held {
  int64_t jobs = 0;
  bool alone = false;
};
Held HeldBy(SqliteConnection& c, const std::string& worker_id) {
  SqliteQuery query = c.Query(
      "SELECT count(*), coalesce(max(alone), 0) FROM job "
      "WHERE state = 'running' AND worker_id = ?",
      worker_id);
  query.Step();
  return {query.Int(0), query.Int(1) != 0};
}

}  // namespace

std::optional<int64_t> PickJob(SqliteConnection& c, const ClaimRequest& request,
                               absl::Time now) {
  const Held held = HeldBy(c, request.worker_id);
  if (held.alone) return std::nullopt;
  std::optional<int64_t> priority;
  {
    SqliteQuery query = c.Query(kClaimPrioritySql, request.pool, now);
    if (!query.Step()) return std::nullopt;
    priority = query.Int(0);
  }
  SqliteQuery query = c.Query(kClaimJobSql, request.pool, now, *priority);
  if (!query.Step()) return std::nullopt;
  // Nothing goes before a job that must run alone when it is its turn: a worker
  // that is always given something else would never be idle to take it.
  const bool alone = query.Int(1) != 0;
  if (alone && (!request.idle || held.jobs > 0)) return std::nullopt;
  return query.Int(0);
}

}  // namespace pushbroom::sqlite
