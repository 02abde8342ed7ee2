// What has to be done from time to time: leases that ended, jobs whose
// retention is over, and the gauges of the queue.
#pragma once

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/base/cancellation.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/core/storage/storage.h"
#include "service/core/telemetry/metrics.h"

namespace pushbroom {

struct HousekeeperOptions {
  absl::Duration reap_every = absl::Seconds(15);  // half a lease
  absl::Duration collect_every = absl::Minutes(1);
  absl::Duration measure_every = absl::Seconds(5);
  absl::Duration retention = absl::Hours(24 * 7);  // of ended jobs, uploads
  std::string pool = "default";
};

/// Thread-safe. Every replica may run one.
class Housekeeper {
 public:
  /// All must outlive it.
  Housekeeper(HousekeeperOptions options, JobStore& store, Wakeup& wakeup,
              Storage& storage, const Clock& clock, Metrics& metrics);
  ~Housekeeper();

  void Start();
  void Stop();

  // The single duties; the thread calls them when they are due.

  /// Returns jobs of leases that ended to the queue. Gives how many.
  absl::StatusOr<int> Reap();
  /// Removes ended jobs older than the retention with their results, and
  /// uploads of that age. What is not delivered yet stays. Gives how many jobs.
  absl::StatusOr<int> Collect();
  /// Sets the gauges of queue and outbox.
  absl::Status Measure();
  /// When the store was last seen to work; the past where it never was.
  absl::Time store_seen() const;

 private:
  void Loop();
  void CollectUploads();

  const HousekeeperOptions options_;
  JobStore& store_;
  Wakeup& wakeup_;
  Storage& storage_;
  const Clock& clock_;
  Metrics& metrics_;
  const CancelToken stop_;
  mutable absl::Mutex mutex_;
  absl::Time store_seen_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace pushbroom
