#include "service/core/base/cancellation.h"

#include <utility>

namespace pushbroom {

void CancelToken::Cancel(absl::Status reason) const {
  absl::MutexLock lock(&state_->mutex);
  if (state_->cancelled) return;
  state_->cancelled = true;
  state_->reason =
      reason.ok() ? absl::CancelledError("cancelled") : std::move(reason);
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

}  // namespace pushbroom
