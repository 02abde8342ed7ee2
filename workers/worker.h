// The worker's loop: claims jobs, runs them, keeps their leases, writes their
// ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/core/storage/storage.h"
#include "workers/heart.h"
#include "workers/run_context.h"

namespace pushbroom {

struct WorkerOptions {
  std::string id;
  std::string pool = "default";
  int jobs = 2;                   // at a time
  std::string scratch_directory;  // of this worker alone
  absl::Duration poll_interval = absl::Seconds(1);
  // Drain: how long running jobs may take to end before they are cancelled, and
  // how long they may take to stop then. Together well below what the
  // supervisor waits before it kills, which would count as a crash.
  absl::Duration drain_grace = absl::Seconds(15);
  absl::Duration drain_stop = absl::Seconds(5);
  // How long the end of a job is tried to be written while the store is away.
  absl::Duration store_patience = absl::Minutes(2);
  HeartOptions heart;
};

/// Does the work of one job, in a thread of its own; JobDispatcher's, but in
/// tests.
using JobFunction =
    std::function<absl::StatusOr<JobResult>(const Job&, const RunContext&)>;

/// What became of an attempt, for metrics.
struct AttemptOutcome {
  const Job& job;
  // "successful", "failed", "retried", "dismissed", "released", "lost"
  absl::string_view outcome;
  absl::Duration waited;  // from when it might run until it was claimed
  absl::Duration took;
  const JobResult* result;  // null unless successful
};
using OutcomeFunction = std::function<void(const AttemptOutcome&)>;

/// Thread-safe.
class Worker {
 public:
  /// The references must outlive it. `on_stuck` is called when a job does not
  /// stop, also while draining: the end of every job is written or its lease
  /// returned by then, and it should end the process, which cannot be trusted
  /// any more.
  Worker(WorkerOptions options, JobStore& store, Wakeup& wakeup,
         Storage& storage, JobFunction run, std::function<void()> on_stuck);
  ~Worker();

  /// Call before Run.
  void set_on_outcome(OutcomeFunction on_outcome);

  /// Claims and runs until Drain, and returns when every job has ended.
  void Run();

  /// No more claims; jobs that do not end within drain_grace are cancelled and
  /// released, after drain_stop even if they have not stopped. Returns at once,
  /// Run then returns.
  void Drain();

  /// Gives all leases back now, for a process that is about to exit: attempts
  /// are not counted, and nothing that still runs can write its end.
  void Abandon();

  /// Claims one job and runs it to its end in this thread; false if there is
  /// none. Not together with Run.
  absl::StatusOr<bool> RunOne();

  int running() const;
  /// True while it takes jobs.
  bool claiming() const;

 private:
  struct Slot {
    std::shared_ptr<Attempt> attempt;
    std::thread thread;
    bool done = false;
  };

  absl::StatusOr<std::shared_ptr<Attempt>> ClaimNext(bool idle);
  void ClaimAll();
  void Launch(std::shared_ptr<Attempt> attempt);
  void Execute(Attempt& attempt);
  absl::StatusOr<JobResult> Compute(Attempt& attempt);
  void WriteEnd(Attempt& attempt, absl::StatusOr<JobResult> result);
  // What became of a result that the store refused.
  absl::string_view AfterRefusal(const Attempt& attempt,
                                 const JobResult& result);
  // The end of a job whose result the store cannot keep.
  absl::string_view FailUnwritten(const Attempt& attempt,
                                  absl::Status* written);
  // Tries again while the store is away.
  absl::Status Insist(const std::function<absl::Status()>& write);
  void RemoveStaged(const Attempt& attempt);
  void OnStuck(Attempt& attempt);
  void FinishDrain();
  void JoinEnded();
  void HintLoop(HintReceiver& receiver);

  bool HasRoom() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool SomethingToDo() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return draining_ || ready_;
  }
  bool AllDone() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const WorkerOptions options_;
  JobStore& store_;
  Wakeup& wakeup_;
  Storage& storage_;
  const JobFunction run_;
  const std::function<void()> on_stuck_;
  OutcomeFunction on_outcome_;
  const CancelToken abandoned_;

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;  // a hint, or a free place
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // for the hint thread
  Heart heart_;  // last: its thread uses what is above
};

}  // namespace pushbroom
