// Rows of a scene in their native type, read once and ahead of the tiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "workers/pipeline/kernels.h"
#include "workers/pipeline/strip_source.h"

namespace pushbroom {

/// A ring of rows between one reader thread (ReadAll) and one tiler thread
/// (WaitFor, Row, Release). Memory: rows × width × (bands × sample size + 1).
class StripRing {
 public:
  /// `tile_rows`: how many rows the tiler needs at once.
  StripRing(StripSource& source, int tile_rows);

  /// Reads the scene to its end; the reader thread's whole work. Gathers the
  /// statistics of every band on the way. Ends early after Close.
  absl::Status ReadAll();

  /// Waits until rows [begin, end) are there. Gives the reader's error, or
  /// kCancelled after Close.
  absl::Status WaitFor(int64_t begin, int64_t end);

  /// Row y of a band, while it is between Release and WaitFor.
  const void* Row(int band, int64_t y) const;
  const uint8_t* Valid(int64_t y) const;

  /// Rows below y are needed no more.
  void Release(int64_t y);

  /// Wakes both threads; nothing more is read.
  void Close();

  int64_t bytes() const;
  /// By band; complete after ReadAll has returned.
  const std::vector<RowStatistics>& statistics() const { return statistics_; }

 private:
  size_t Slot(int64_t y) const { return static_cast<size_t>(y % capacity_); }
  bool CanRead() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  StripSource& source_;
  const int64_t width_, height_;
  const int bands_;
  const size_t sample_size_;
  int chunk_;
  int64_t capacity_;  // rows, a multiple of chunk_
  std::vector<char> samples_;
  std::vector<uint8_t> valid_;
  std::vector<RowStatistics> statistics_;

  absl::Mutex mutex_;
  int64_t read_ ABSL_GUARDED_BY(mutex_) = 0;    // rows below are there
  int64_t wanted_ ABSL_GUARDED_BY(mutex_) = 0;  // rows below are not needed
  int64_t waiting_for_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pushbroom
