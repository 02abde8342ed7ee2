// A request to stop, carried down into every long loop.
#pragma once

#include <functional>
#include <map>
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
  friend class CancelCallback;
  struct State {
    mutable absl::Mutex mutex;
    absl::Status reason ABSL_GUARDED_BY(mutex);
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
    // Held while callbacks run, so that none outlives its CancelCallback.
    absl::Mutex callback_mutex;
    std::map<const void*, std::function<void()>> callbacks
        ABSL_GUARDED_BY(callback_mutex);
  };
  std::shared_ptr<State> state_;
};

/// Runs `callback` once, on the thread that cancels, while this object lives;
/// at once if the token was cancelled before. For waking somebody who waits on
/// something else. The callback must not block, nor touch a CancelCallback.
class CancelCallback {
 public:
  CancelCallback(const CancelToken& token, std::function<void()> callback);
  ~CancelCallback();
  CancelCallback(const CancelCallback&) = delete;
  CancelCallback& operator=(const CancelCallback&) = delete;

 private:
  const std::shared_ptr<CancelToken::State> state_;
};

}  // namespace pushbroom
