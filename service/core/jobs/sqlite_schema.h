// The tables of the SQLite job store and their versions.
//
// The version is SQLite's user_version; a database of version n is brought up
// to date by the migrations after n, in one transaction. A migration that was
// released is never changed: a new one is added behind it.
#pragma once

#include <SQLiteCpp/Database.h>

#include "absl/status/status.h"

namespace pushbroom {

/// Puts the database into WAL mode, makes its tables or brings them up to
/// date. kFailedPrecondition if a newer program made it, or another program.
/// Throws SQLite::Exception.
absl::Status BringUpToDate(SQLite::Database& database);

}  // namespace pushbroom
