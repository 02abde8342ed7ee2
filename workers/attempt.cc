#include "workers/attempt.h"

#include <algorithm>
#include <utility>

namespace pushbroom {

void Attempt::Stop(StopReason reason, absl::Status status, absl::Time now) {
  {
    absl::MutexLock lock(&mutex_);
    if (reason_ == StopReason::kNone) stopped_at_ = now;
    reason_ = std::max(reason_, reason);
  }
  cancel_.Cancel(std::move(status));
}

StopReason Attempt::stop_reason() const {
  absl::MutexLock lock(&mutex_);
  return reason_;
}

absl::Time Attempt::stopped_at() const {
  absl::MutexLock lock(&mutex_);
  return stopped_at_;
}

void Attempt::SetProgress(const Progress& progress) {
  absl::MutexLock lock(&mutex_);
  progress_.percent = std::max(progress_.percent, progress.percent);
  // A report without tiles (a stage) leaves the count as it is.
  if (progress.tiles_planned > 0) {
    progress_.tiles_done = progress.tiles_done;
    progress_.tiles_planned = progress.tiles_planned;
  }
  if (!progress.message.empty()) progress_.message = progress.message;
}

Progress Attempt::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

bool Attempt::Conclude() {
  absl::MutexLock lock(&mutex_);
  return !std::exchange(concluded_, true);
}

bool Attempt::concluded() const {
  absl::MutexLock lock(&mutex_);
  return concluded_;
}

}  // namespace pushbroom
