// One claimed job while this worker runs it.
#pragma once

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/base/cancellation.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// Why an attempt was told to stop, by rising rank: a later reason of higher
/// rank replaces the earlier one, because it allows less to be written.
enum class StopReason {
  kNone,
  kDrain,      // the worker ends: release
  kDismissed,  // confirm
  kDeadline,   // fail
  kLost,       // the lease is gone: write nothing
};

/// Thread-safe.
class Attempt {
 public:
  /// `deadline`: when the attempt must have ended.
  Attempt(LeasedJob leased, absl::Time begin, absl::Time deadline)
      : leased_(std::move(leased)), begin_(begin), deadline_(deadline) {}

  const Job& job() const { return leased_.job; }
  const Lease& lease() const { return leased_.lease; }
  const CancelToken& cancel() const { return cancel_; }
  absl::Time begin() const { return begin_; }
  absl::Time deadline() const { return deadline_; }

  /// Cancels the token. The first call decides what the job sees, the highest
  /// rank what is written.
  void Stop(StopReason reason, absl::Status status, absl::Time now);
  StopReason stop_reason() const;
  /// When Stop was called first; InfiniteFuture before.
  absl::Time stopped_at() const;

  void SetProgress(const Progress& progress);
  /// The latest, with the message kept from earlier ones.
  Progress progress() const;

  /// True once, for the thread that writes the end of the attempt.
  bool Conclude();
  bool concluded() const;

 private:
  const LeasedJob leased_;
  const absl::Time begin_, deadline_;
  const CancelToken cancel_;
  mutable absl::Mutex mutex_;
  StopReason reason_ ABSL_GUARDED_BY(mutex_) = StopReason::kNone;
  absl::Time stopped_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  bool concluded_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pushbroom
