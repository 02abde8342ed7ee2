// The heartbeat: one thread extends the leases of all running jobs, learns of
// dismissals, and watches deadlines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "workers/attempt.h"

namespace pushbroom {

struct HeartOptions {
  absl::Duration lease = absl::Seconds(30);  // beats are at a quarter of it
  // Changed progress is written this often between the beats.
  absl::Duration progress_interval = absl::Seconds(1);
  // From Stop to the end of the attempt; who takes longer is stuck.
  absl::Duration stop_grace = absl::Seconds(60);
};

/// Thread-safe.
class Heart {
 public:
  /// `store` must outlive it. `on_stuck` is called from the heart's thread with
  /// an attempt that was told to stop and did not within the grace, once each.
  Heart(HeartOptions options, JobStore& store,
        std::function<void(Attempt&)> on_stuck);
  /// Ends the thread.
  ~Heart();

  void Add(std::shared_ptr<Attempt> attempt);
  void Remove(const Attempt& attempt);
  /// Beats for this job at once, if it is here: a hint came.
  void BeatNow(absl::string_view job_id);
  /// The attempts that are here.
  std::vector<std::shared_ptr<Attempt>> attempts() const;

 private:
  struct Beating {
    std::shared_ptr<Attempt> attempt;
    absl::Time next;  // beat at the latest
    absl::Time last;
    Progress told;  // with the last beat
    bool now = false;
    bool stuck = false;
  };

  void Loop();
  // What is due, and when to look again.
  std::vector<std::shared_ptr<Attempt>> Due(absl::Time now, absl::Time* wake)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Watch(absl::Time now, std::vector<std::shared_ptr<Attempt>>* stuck)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Beat(Attempt& attempt);
  bool Awake() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return kicked_ || ending_;
  }

  const HeartOptions options_;
  JobStore& store_;
  const std::function<void(Attempt&)> on_stuck_;
  mutable absl::Mutex mutex_;
  std::vector<Beating> beating_ ABSL_GUARDED_BY(mutex_);
  bool kicked_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pushbroom
