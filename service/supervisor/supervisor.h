// The local workers: started, watched, restarted.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/base/cancellation.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/supervisor/subprocess.h"
#include "service/supervisor/worker_roster.h"

namespace pushbroom {

struct SupervisorOptions {
  std::string binary;  // of the worker
  int count = 1;
  std::string config_json;    // what each worker reads
  std::string run_directory;  // for the roster
  // What dead workers left in <scratch_directory>/<worker id> is removed.
  std::string scratch_directory;
  std::string pool = "default";  // told that leases came back
  // Worker i serves health and metrics on first + i of this address; on any
  // free port where 0 is given or another program has that one: a worker is
  // not refused for its metrics.
  std::string ops_bind = "127.0.0.1";
  int first_ops_port = 0;
  // A child that died is started again after base, 2 * base, … at most max;
  // base again after one that lived `healthy`, or that died with a job in
  // hand: such a death is charged to the job, which is not run for ever.
  absl::Duration restart_base = absl::Seconds(1);
  absl::Duration restart_max = absl::Seconds(30);
  absl::Duration healthy = absl::Minutes(1);
  // How long Stop waits for children before it kills them.
  absl::Duration grace = absl::Seconds(30);
  // How long leases of an earlier service's workers are left alone while some
  // of them live; then their lease ends by itself.
  absl::Duration orphan_wait = absl::Minutes(1);
};

/// The delays between restarts of one child. Thread-compatible.
class RestartDelay {
 public:
  explicit RestartDelay(const SupervisorOptions& options);
  /// After a child that lived `lived` and was given `returned` leases.
  absl::Duration Next(absl::Duration lived, int returned);

 private:
  const absl::Duration base_, max_, healthy_;
  absl::Duration next_;
};

/// Thread-safe.
class Supervisor {
 public:
  /// `store`, `wakeup` and `clock` must outlive it; `on_restart` may be null.
  Supervisor(SupervisorOptions options, JobStore& store, Wakeup& wakeup,
             const Clock& clock, std::function<void()> on_restart);
  /// Stops.
  ~Supervisor();

  /// Starts the workers, and returns leases of an earlier service's that are
  /// dead. A worker that does not start is tried again like one that died.
  absl::Status Start();

  /// Asks the children to end (SIGTERM: they finish or release their jobs),
  /// and starts no more. Does not wait.
  void Drain();

  /// Drains, waits for `grace`, kills what is left. May be called twice.
  void Stop();

  /// Children that are running now.
  int running() const;
  std::vector<pid_t> pids() const;

 private:
  struct Slot {
    int index = 0;
    pid_t pid = -1;
    bool ended = false;
    std::thread thread;
  };

  void Watch(Slot* slot);
  absl::StatusOr<pid_t> StartChild(Slot* slot, const std::string& worker_id);
  int OpsPort(int index) const;
  // Waits for the child's end; gives the status of waitpid.
  int WaitFor(Slot* slot, pid_t pid);
  int ReturnLeases(const std::string& worker_id);
  void RemoveScratch(const std::string& worker_id) const;
  void Signal(int number);
  bool AllEnded() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void RecoverOrphans();

  const SupervisorOptions options_;
  JobStore& store_;
  Wakeup& wakeup_;
  const Clock& clock_;
  const std::function<void()> on_restart_;
  const CancelToken stop_;
  mutable absl::Mutex mutex_;
  std::unique_ptr<WorkerRoster> roster_ ABSL_GUARDED_BY(mutex_);
  // A pipe that nobody writes to: children read its end, and end themselves,
  // when this process is gone.
  FileDescriptor alive_read_, alive_write_;
  std::string own_roster_;  // set by Start, then constant
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
  std::thread recovery_;
};

}  // namespace pushbroom
