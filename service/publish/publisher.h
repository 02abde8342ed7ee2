// Delivers the outbox: what finished jobs have to tell the world. Goes on when
// no worker runs. One publisher at a time, in all replicas, holds the lock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

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
#include "service/publish/delivery.h"

namespace pushbroom {

struct PublisherOptions {
  std::string holder;  // of the lock; unique
  absl::Duration lock_ttl = absl::Minutes(1);
  absl::Duration poll_interval = absl::Seconds(1);
  // Before attempt n+1: min(retry_max, retry_base * 4^(n-1)).
  absl::Duration retry_base = absl::Seconds(5);
  absl::Duration retry_max = absl::Minutes(15);
  int batch = 32;
};

/// How long to wait after `attempts` that failed.
absl::Duration RetryDelay(int attempts, const PublisherOptions& options);

/// Thread-safe.
class Publisher {
 public:
  /// `store`, `wakeup` and `clock` must outlive it. `deliveries` by the kind
  /// of entries; `on_result`, which may be null, hears of every attempt.
  using OnResult = std::function<void(absl::string_view kind, bool delivered)>;
  Publisher(PublisherOptions options, JobStore& store, Wakeup& wakeup,
            const Clock& clock,
            std::map<std::string, std::unique_ptr<Delivery>> deliveries,
            OnResult on_result);
  ~Publisher();

  /// Starts the thread. kUnavailable if hints cannot be received.
  absl::Status Start();
  /// Ends the entry in hand, then the thread. May be called twice.
  void Stop();

  /// One round: every entry that is due, tried once. Gives how many were
  /// settled (delivered or given up); 0 also where another has the lock.
  absl::StatusOr<int> RunOnce();

 private:
  void Loop();
  absl::StatusOr<bool> Settle(const OutboxEntry& entry);

  const PublisherOptions options_;
  JobStore& store_;
  Wakeup& wakeup_;
  const Clock& clock_;
  const std::map<std::string, std::unique_ptr<Delivery>> deliveries_;
  const OnResult on_result_;
  const CancelToken stop_;
  absl::Mutex round_mutex_;  // deliveries are used by one thread at a time
  std::unique_ptr<HintReceiver> hints_;
  std::thread thread_;
};

}  // namespace pushbroom
