// A request to stop, carried down into every long loop.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pushbroom {

/// Copies share one state: cancel one, and all of them are. Thread-safe.
class CancelToken {
 public:
  CancelToken() : state_(std::make_shared<State>()) {}

  /// Stops whoever polls. `reason` must not be OK; the first reason stays.
  void Cancel(absl::Status reason) const;

  bool cancelled() const;

  /// OK, or the reason given to Cancel.
  absl::Status status() const;

  /// Waits until cancelled or `timeout` has passed; true if cancelled.
  bool WaitFor(absl::Duration timeout) const;

 private:
  struct State {
    mutable absl::Mutex mutex;
    absl::Status reason ABSL_GUARDED_BY(mutex);
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace pushbroom
