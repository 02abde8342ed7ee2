// The models table of the SQLite job store. Each promise is that of the
// JobStore method of the same name; all throw SQLite::Exception and are called
// inside a transaction of SqliteDatabase.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/sqlite_connection.h"

namespace pushbroom::sqlite {

absl::Status PutModel(SqliteConnection& connection, const ModelRecord& record,
                      absl::Time now);
absl::StatusOr<ModelRecord> GetModel(SqliteConnection& connection,
                                     absl::string_view digest);
absl::StatusOr<std::vector<ModelRecord>> CurrentModels(
    SqliteConnection& connection);
absl::Status SetProbe(SqliteConnection& connection, absl::string_view digest,
                      absl::string_view pool, const ModelProbe& probe);
absl::Status RetireModel(SqliteConnection& connection,
                         absl::string_view process_id);

}  // namespace pushbroom::sqlite
