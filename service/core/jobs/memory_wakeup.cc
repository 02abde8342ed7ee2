#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/core/base/bounded_queue.h"
#include "service/core/jobs/wakeup.h"

namespace pushbroom {
namespace {

// A receiver that far behind will find the work by polling.
constexpr size_t kMaxWaiting = 1024;

using HintQueue = BoundedQueue<Hint>;

/// The queues of those that listen. Thread-safe.
class Listeners {
 public:
  std::shared_ptr<HintQueue> Add() {
    auto queue = std::make_shared<HintQueue>(kMaxWaiting);
    absl::MutexLock lock(&mutex_);
    queues_.push_back(queue);
    return queue;
  }
  void Remove(const std::shared_ptr<HintQueue>& queue) {
    absl::MutexLock lock(&mutex_);
    queues_.erase(std::remove(queues_.begin(), queues_.end(), queue),
                  queues_.end());
  }
  void Send(const Hint& hint) {
    absl::MutexLock lock(&mutex_);
    for (const auto& queue : queues_) queue->TryPush(hint);
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<HintQueue>> queues_ ABSL_GUARDED_BY(mutex_);
};

/// Thread-compatible.
class MemoryHintReceiver final : public HintReceiver {
 public:
  explicit MemoryHintReceiver(std::shared_ptr<Listeners> listeners)
      : listeners_(std::move(listeners)), queue_(listeners_->Add()) {}
  ~MemoryHintReceiver() override { listeners_->Remove(queue_); }

  std::optional<Hint> Wait(absl::Duration timeout) override {
    return queue_->PopFor(timeout);
  }

 private:
  const std::shared_ptr<Listeners> listeners_;
  const std::shared_ptr<HintQueue> queue_;
};

/// Thread-safe.
class MemoryWakeup final : public Wakeup {
 public:
  void Send(const Hint& hint) override { listeners_->Send(hint); }
  absl::StatusOr<std::unique_ptr<HintReceiver>> Subscribe() override {
    return std::make_unique<MemoryHintReceiver>(listeners_);
  }

 private:
  const std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();
};

}  // namespace

std::unique_ptr<Wakeup> NewMemoryWakeup() {
  return std::make_unique<MemoryWakeup>();
}

}  // namespace pushbroom
