// Where things lie below data_dir: both programs must agree.
#pragma once

#include <string>

namespace pushbroom {

/// Immutable. service/README.md says what each is for.
struct DataLayout {
  explicit DataLayout(const std::string& data_dir)
      : root(data_dir),
        jobs_file(root + "/jobs.sqlite"),
        models(root + "/models"),
        storage(root + "/storage"),
        catalog(root + "/catalog"),
        scratch(root + "/scratch"),
        run(root + "/run"),
        hints(root + "/run/hints"),
        secret_file(root + "/run/secret"),
        lock_file(root + "/run/service.lock"),
        service_file(root + "/run/service.json") {}

  const std::string root;
  const std::string jobs_file;     // the SQLite job store
  const std::string models;        // verified artifacts, <sha256>.pt
  const std::string storage;       // root of the local Storage
  const std::string catalog;       // unless publish.directory is set
  const std::string scratch;       // of workers; may be deleted when none runs
  const std::string run;           // of the running service
  const std::string hints;         // NewSocketWakeup's directory
  const std::string secret_file;   // of FileTokens
  const std::string lock_file;     // held by the one service
  const std::string service_file;  // {"pid","url","files_url","ops_url"}
};

}  // namespace pushbroom
