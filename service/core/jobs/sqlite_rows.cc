#include "service/core/jobs/sqlite_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"

#define PB_JOB_COLUMNS_BUT_REQUEST                                           \
  "seq, id, kind, process_id, model_digest, tenant, owner, pool, priority, " \
  "listed, state, progress, tiles_done, tiles_planned, attempt, "            \
  "max_attempts, crashes, alone, accompanied, deadline, dismiss_requested, " \
  "worker_id, lease_token, lease_until, created, updated, run_after, "       \
  "started, finished, traceparent, message, error, result, "

namespace pushbroom {

namespace {

// Deeper than what is accepted from outside: a stored document wraps it.
constexpr JsonLimits kStoredJson = {128, size_t{64} << 20, 4'000'000, false};

std::string KindName(JobKind kind) {
  return kind == JobKind::kProbe ? "probe" : "execute";
}

Json ErrorToJson(const JobError& error) {
  return {{"code", static_cast<int>(error.code)},
          {"message", error.message},
          {"pointer", error.pointer}};
}

absl::StatusOr<JobError> ErrorFromText(const std::string& text) {
  PB_ASSIGN_OR_RETURN(const Json json, ParseStored(text));
  JobError error;
  const Json* code = Find(json, "code");
  if (code == nullptr || !code->is_number_integer()) {
    return absl::InternalError("a stored error has no code");
  }
  error.code = static_cast<absl::StatusCode>(code->get<int>());
  error.message = StringOr(json, "message");
  error.pointer = StringOr(json, "pointer");
  return error;
}

absl::StatusOr<JobResult> ResultFromText(const std::string& text) {
  PB_ASSIGN_OR_RETURN(const Json json, ParseStored(text));
  return JobResultFromJson(json);
}

absl::StatusOr<ExecuteRequest> RequestFromText(const std::string& text) {
  PB_ASSIGN_OR_RETURN(const Json json, ParseStored(text));
  return ExecuteRequestFromJson(json);
}

}  // namespace

std::string SelectJobs(absl::string_view rest) {
  return absl::StrCat("SELECT " PB_JOB_COLUMNS_BUT_REQUEST "request FROM job ",
                      rest);
}

absl::StatusOr<Json> ParseStored(const std::string& text) {
  return ParseJson(text, kStoredJson);
}

absl::StatusOr<StoredJob> ReadJob(const SqliteQuery& query) {
  StoredJob stored;
  Job& job = stored.job;
  int at = 0;
  const auto integer = [&] { return static_cast<int>(query.Int(at++)); };
  const auto flag = [&] { return query.Int(at++) != 0; };
  const auto text = [&] { return query.Text(at++); };
  const auto time = [&] { return query.Time(at++); };
  const auto optional_time = [&] { return query.OptionalTime(at++); };
  stored.seq = query.Int(at++);
  job.id = text();
  job.kind = text() == "probe" ? JobKind::kProbe : JobKind::kExecute;
  job.process_id = text();
  job.model_digest = text();
  job.tenant = text();
  job.owner = text();
  job.pool = text();
  job.priority = integer();
  job.listed = flag();
  PB_ASSIGN_OR_RETURN(job.state, JobStateFromName(text()));
  job.progress = integer();
  job.tiles_done = query.Int(at++);
  job.tiles_planned = query.Int(at++);
  job.attempt = integer();
  job.max_attempts = integer();
  job.crashes = integer();
  job.alone = flag();
  stored.accompanied = flag();
  job.deadline = absl::Microseconds(query.Int(at++));
  job.dismiss_requested = flag();
  job.worker_id = text();
  stored.lease_token = text();
  stored.lease_until = optional_time().value_or(absl::Time());
  job.created = time();
  job.updated = time();
  job.run_after = time();
  job.started = optional_time();
  job.finished = optional_time();
  job.traceparent = text();
  job.message = text();
  const int error = at++, result = at++, request = at++;
  const std::string place = absl::StrCat("stored job ", job.id);
  if (!query.IsNull(error)) {
    auto read = ErrorFromText(query.Text(error));
    if (!read.ok()) return Annotate(read.status(), place);
    job.error = *std::move(read);
  }
  if (!query.IsNull(result)) {
    auto read = ResultFromText(query.Text(result));
    if (!read.ok()) return Annotate(read.status(), place);
    job.result = *std::move(read);
  }
  if (!query.IsNull(request)) {
    auto read = RequestFromText(query.Text(request));
    if (!read.ok()) return Annotate(read.status(), place);
    job.request = *std::move(read);
  }
  return stored;
}

absl::StatusOr<std::vector<StoredJob>> ReadJobs(SqliteQuery& query) {
  std::vector<StoredJob> jobs;
  while (query.Step()) {
    PB_ASSIGN_OR_RETURN(StoredJob stored, ReadJob(query));
    jobs.push_back(std::move(stored));
  }
  return jobs;
}

absl::StatusOr<std::optional<StoredJob>> FindJob(SqliteConnection& connection,
                                                 absl::string_view job_id,
                                                 JobParts parts) {
  static const std::string all = SelectJobs("WHERE id = ?");
  static const std::string without =
      "SELECT " PB_JOB_COLUMNS_BUT_REQUEST "NULL FROM job WHERE id = ?";
  SqliteQuery query =
      connection.Query(parts == JobParts::kAll ? all : without, job_id);
  if (!query.Step()) return std::optional<StoredJob>();
  PB_ASSIGN_OR_RETURN(StoredJob stored, ReadJob(query));
  return std::optional<StoredJob>(std::move(stored));
}

absl::Status InsertJob(SqliteConnection& connection, const Job& job,
                       absl::string_view idempotency_key) {
  const std::string request = DumpJson(ToJson(job.request));
  if (auto read = RequestFromText(request); !read.ok()) {
    return Annotate(read.status(), "the request cannot be stored");
  }
  std::optional<std::string> key;
  if (!idempotency_key.empty()) key = std::string(idempotency_key);
  connection.Run(
      "INSERT INTO job(id, kind, process_id, model_digest, tenant, owner, "
      "pool, priority, listed, state, progress, tiles_done, tiles_planned, "
      "attempt, max_attempts, crashes, alone, deadline, dismiss_requested, "
      "worker_id, created, updated, run_after, idempotency_key, traceparent, "
      "message, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'accepted', 0, "
      "0, ?, 0, ?, 0, ?, ?, 0, '', ?, ?, ?, ?, ?, ?, ?)",
      job.id, KindName(job.kind), job.process_id, job.model_digest, job.tenant,
      job.owner, job.pool, job.priority, job.listed, job.tiles_planned,
      job.max_attempts, job.alone, job.deadline, job.created, job.updated,
      job.run_after, key, job.traceparent, job.message, request);
  return absl::OkStatus();
}

absl::Status SaveJob(SqliteConnection& connection, const StoredJob& stored,
                     const Deliveries& deliveries, absl::Time now) {
  const Job& job = stored.job;
  std::optional<std::string> token, error, result;
  std::optional<absl::Time> until;
  if (!stored.lease_token.empty()) {
    token = stored.lease_token;
    until = stored.lease_until;
  }
  if (job.error) error = DumpJson(ErrorToJson(*job.error));
  if (job.result) {
    result = DumpJson(ToJson(*job.result));
    if (auto read = ResultFromText(*result); !read.ok()) {
      return Annotate(read.status(), "the result cannot be stored");
    }
  }
  connection.Run(
      "UPDATE job SET state = ?, message = ?, progress = ?, tiles_done = ?, "
      "tiles_planned = ?, attempt = ?, crashes = ?, alone = ?, "
      "accompanied = ?, dismiss_requested = ?, worker_id = ?, "
      "lease_token = ?, lease_until = ?, updated = ?, run_after = ?, "
      "started = ?, finished = ?, error = ?, result = ? WHERE id = ?",
      NameOf(job.state), job.message, job.progress, job.tiles_done,
      job.tiles_planned, job.attempt, job.crashes, job.alone,
      stored.accompanied, job.dismiss_requested, job.worker_id, token, until,
      job.updated, job.run_after, job.started, job.finished, error, result,
      job.id);
  for (const Delivery& delivery : deliveries) {
    connection.Run(
        "INSERT INTO outbox(job_id, kind, payload, due) VALUES (?, ?, ?, ?)",
        job.id, delivery.kind, DumpJson(delivery.payload), now);
  }
  return absl::OkStatus();
}

}  // namespace pushbroom
