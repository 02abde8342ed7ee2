#include "service/core/base/cancellation.h"

#include <utility>

namespace pushbroom {

void CancelToken::Cancel(absl::Status reason) const {
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->cancelled) return;
    state_->cancelled = true;
    state_->reason =
        reason.ok() ? absl::CancelledError("cancelled") : std::move(reason);
  }
  absl::MutexLock lock(&state_->callback_mutex);
  for (const auto& [owner, callback] : state_->callbacks) callback();
  state_->callbacks.clear();
}

bool CancelToken::cancelled() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->cancelled;
}

absl::Status CancelToken::status() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->reason;
}

bool CancelToken::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&state_->mutex);
  return state_->mutex.AwaitWithTimeout(absl::Condition(&state_->cancelled),
                                        timeout);
}

CancelCallback::CancelCallback(const CancelToken& token,
                               std::function<void()> callback)
    : state_(token.state_) {
  absl::MutexLock lock(&state_->callback_mutex);
  if (token.cancelled()) {
    callback();
  } else {
    state_->callbacks[this] = std::move(callback);
  }
}

CancelCallback::~CancelCallback() {
  absl::MutexLock lock(&state_->callback_mutex);
  state_->callbacks.erase(this);
}

}  // namespace pushbroom
