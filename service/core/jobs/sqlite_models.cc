#include "service/core/jobs/sqlite_models.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_rows.h"
#include "service/core/jobs/transitions.h"

namespace pushbroom::sqlite {
namespace {

#define PB_MODEL_COLUMNS                                                      \
  "SELECT digest, process_id, artifact_path, current, pool, created, model, " \
  "probe FROM model "

absl::StatusOr<ModelRecord> ReadModel(const SqliteQuery& query) {
  ModelRecord record;
  record.digest = query.Text(0);
  record.process_id = query.Text(1);
  record.artifact_path = query.Text(2);
  record.current = query.Int(3) != 0;
  record.pool = query.Text(4);
  record.created = query.Time(5);
  PB_ASSIGN_OR_RETURN(const Json model, ParseStored(query.Text(6)));
  PB_ASSIGN_OR_RETURN(record.model, ModelFromJson(model));
  if (!query.IsNull(7)) {
    PB_ASSIGN_OR_RETURN(const Json probe, ParseStored(query.Text(7)));
    PB_ASSIGN_OR_RETURN(record.probe, ModelProbeFromJson(probe));
  }
  return record;
}

absl::Status NoSuchModel(absl::string_view digest) {
  return absl::NotFoundError(absl::StrCat("no model ", digest));
}

}  // namespace

absl::Status PutModel(SqliteConnection& connection, const ModelRecord& record,
                      absl::Time now) {
  connection.Run(
      "UPDATE model SET current = 0 WHERE current = 1 AND process_id = ?",
      record.process_id);
  std::optional<std::string> probe;
  if (record.probe) probe = DumpJson(ToJson(*record.probe));
  const bool unset = record.created == absl::Time();
  connection.Run(
      "INSERT INTO model(digest, process_id, artifact_path, current, pool, "
      "created, model, probe) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7) "
      "ON CONFLICT(digest) DO UPDATE SET process_id = ?2, artifact_path = ?3, "
      "current = 1, model = ?6",
      record.digest, record.process_id, record.artifact_path, record.pool,
      unset ? now : record.created, DumpJson(ToJson(record.model)), probe);
  return absl::OkStatus();
}

absl::StatusOr<ModelRecord> GetModel(SqliteConnection& connection,
                                     absl::string_view digest) {
  SqliteQuery query =
      connection.Query(PB_MODEL_COLUMNS "WHERE digest = ?", digest);
  if (!query.Step()) return NoSuchModel(digest);
  return ReadModel(query);
}

absl::StatusOr<std::vector<ModelRecord>> CurrentModels(
    SqliteConnection& connection) {
  SqliteQuery query = connection.Query(PB_MODEL_COLUMNS
                                       "WHERE current = 1 ORDER BY process_id");
  std::vector<ModelRecord> records;
  while (query.Step()) {
    PB_ASSIGN_OR_RETURN(ModelRecord record, ReadModel(query));
    records.push_back(std::move(record));
  }
  return records;
}

absl::Status SetProbe(SqliteConnection& connection, absl::string_view digest,
                      absl::string_view pool, const ModelProbe& probe) {
  const int changed =
      connection.Run("UPDATE model SET probe = ?, pool = ? WHERE digest = ?",
                     DumpJson(ToJson(probe)), pool, digest);
  return changed > 0 ? absl::OkStatus() : NoSuchModel(digest);
}

absl::Status RetireModel(SqliteConnection& connection,
                         absl::string_view process_id) {
  const int changed = connection.Run(
      "UPDATE model SET current = 0 WHERE current = 1 AND process_id = ?",
      process_id);
  if (changed > 0) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("no process \"", process_id, "\" is served"));
}

}  // namespace pushbroom::sqlite
