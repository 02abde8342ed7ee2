// Tiles of all running jobs share the batches of one resident model.
//
// A batch closes when it is full, when no session can add a tile, or when its
// oldest tile has waited for max_delay.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "workers/inference/batch_runner.h"
#include "workers/pipeline/tile_session.h"

namespace pushbroom {

/// What a device lends to the batchers of its models. Thread-safe.
struct DeviceTurn {
  // Held while a batch runs: two forwards would fight for the same cores.
  absl::Mutex mutex;
};

struct BatcherStats {
  int64_t batches = 0, tiles = 0, places = 0;  // places: tiles it had room for
  absl::Duration forward;
};

struct SessionState;  // of one session, guarded by its batcher

/// Thread-safe. Owns one executor thread.
class Batcher {
 public:
  /// `turn` must outlive the batcher. `on_thread_start` runs first on the
  /// executor thread (thread counts are per thread).
  Batcher(std::unique_ptr<BatchRunner> runner, DeviceTurn& turn,
          absl::Duration max_delay, void (*on_thread_start)(int threads),
          int threads);
  /// All sessions must be gone.
  ~Batcher();

  /// `batch_size`: at most so many tiles of this session in a batch; 0: no
  /// limit of its own. The session must not outlive the batcher.
  std::unique_ptr<TileSession> Open(int batch_size);

  BatcherStats stats() const;

 private:
  class Session;
  struct Batch {
    std::unique_ptr<BatchInput> input;
    int acquired = 0, submitted = 0;
    bool closed = false;
    absl::Time oldest = absl::InfiniteFuture();
    struct Entry {
      std::shared_ptr<SessionState> session;
      int64_t sequence = 0;
    };
    std::vector<Entry> entries;
  };

  void Execute();
  absl::StatusOr<Batch*> OpenBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CanAcquire(const SessionState& session) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  /// The first batch that may run now, if any.
  std::unique_ptr<Batch> TakeReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyAble() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void Deliver(Batch& batch,
               absl::StatusOr<std::shared_ptr<const BatchOutput>> output);

  const std::unique_ptr<BatchRunner> runner_;
  DeviceTurn& turn_;
  const absl::Duration max_delay_;
  const int batch_size_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // any of the states below
  std::deque<std::unique_ptr<Batch>> batches_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<BatchInput>> free_ ABSL_GUARDED_BY(mutex_);
  int inputs_ ABSL_GUARDED_BY(mutex_) = 0;  // made so far
  std::vector<std::shared_ptr<SessionState>> sessions_ ABSL_GUARDED_BY(mutex_);
  BatcherStats stats_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread executor_;
};

}  // namespace pushbroom
