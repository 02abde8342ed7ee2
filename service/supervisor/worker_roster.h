// The local workers of a service, written down where its successor finds them:
// a service that was killed cannot return the leases of the workers that died
// with it, so the next one over the same data directory does.
//
// The file is one worker id a line, <run>/workers-<uuid>.roster, and is locked
// (flock) by the service and, through an inherited descriptor, by each of its
// workers. Who can lock it knows that all of them are dead; process ids, which
// are used again, are never compared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/supervisor/subprocess.h"

namespace pushbroom {

/// Thread-compatible.
class WorkerRoster {
 public:
  /// Makes and locks a file of its own in `run_directory`.
  static absl::StatusOr<std::unique_ptr<WorkerRoster>> Create(
      const std::string& run_directory);
  /// Removes the file: whoever owns this has seen every worker end.
  ~WorkerRoster();

  /// Call before the worker is started.
  absl::Status Add(absl::string_view worker_id);

  /// For the worker to inherit and to keep open.
  int fd() const { return file_.get(); }
  const std::string& path() const { return path_; }

 private:
  WorkerRoster(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  const std::string path_;
  const FileDescriptor file_;
};

struct OldRosters {
  struct Dead {
    std::string path;  // remove it when dealt with
    std::vector<std::string> worker_ids;
  };
  std::vector<Dead> dead;
  int alive = 0;  // some process still holds them
};

/// The rosters in `run_directory` but for `own`.
absl::StatusOr<OldRosters> FindOldRosters(const std::string& run_directory,
                                          const std::string& own);

}  // namespace pushbroom
