#include "workers/pipeline/strip_ring.h"

#include <algorithm>

#include "service/core/base/guarded.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {
constexpr int kMinChunkRows = 64;
}  // namespace

StripRing::StripRing(StripSource& source, int tile_rows)
    : source_(source),
      width_(source.width()),
      height_(source.height()),
      bands_(source.bands()),
      sample_size_(SizeOf(source.type())),
      statistics_(static_cast<size_t>(source.bands())) {
  const int64_t needed = std::min<int64_t>(tile_rows, height_);
  chunk_ = static_cast<int>(
      std::min<int64_t>(std::clamp(source.block_rows(), kMinChunkRows,
                                   std::max(kMinChunkRows, tile_rows)),
                        height_));
  // What the tiler holds, and one chunk that the reader fills meanwhile. A tile
  // row begins anywhere in a chunk: hence the rounding up before adding it.
  const int64_t held = (needed + chunk_ - 1) / chunk_ + (needed > chunk_);
  const int64_t whole = (height_ + chunk_ - 1) / chunk_;
  capacity_ = std::min(held + 1, whole) * chunk_;
  samples_.resize(static_cast<size_t>(bands_) *
                  static_cast<size_t>(capacity_ * width_) * sample_size_);
  valid_.resize(static_cast<size_t>(capacity_ * width_));
}

bool StripRing::CanRead() const {
  const int64_t rows = std::min<int64_t>(chunk_, height_ - read_);
  return closed_ || read_ + rows - wanted_ <= capacity_;
}

absl::Status StripRing::ReadAll() {
  const size_t band_stride = static_cast<size_t>(capacity_ * width_);
  for (int64_t y = 0; y < height_;) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &StripRing::CanRead));
      if (closed_) return absl::OkStatus();
    }
    const int rows = static_cast<int>(std::min<int64_t>(chunk_, height_ - y));
    const size_t at = Slot(y) * static_cast<size_t>(width_);
    StripBuffer buffer;
    buffer.samples = samples_.data() + at * sample_size_;
    buffer.band_stride = band_stride;
    buffer.valid = valid_.data() + at;
    const absl::Status status =
        Guarded([&] { return source_.Read(y, rows, buffer); });
    if (status.ok()) {
      for (int b = 0; b < bands_; ++b) {
        for (int64_t row = y; row < y + rows; ++row) {
          AddStatistics(source_.type(), Row(b, row), Valid(row),
                        static_cast<int>(width_),
                        statistics_[static_cast<size_t>(b)]);
        }
      }
    }
    absl::MutexLock lock(&mutex_);
    if (!status.ok()) {
      status_ = status;
      return status;
    }
    y += rows;
    read_ = y;
  }
  return absl::OkStatus();
}

absl::Status StripRing::WaitFor(int64_t begin, int64_t end) {
  absl::MutexLock lock(&mutex_);
  wanted_ = std::max(wanted_, begin);
  waiting_for_ = end;
  mutex_.Await(absl::Condition(
      +[](StripRing* ring) ABSL_SHARED_LOCKS_REQUIRED(ring->mutex_) {
        return ring->closed_ || !ring->status_.ok() ||
               ring->read_ >= ring->waiting_for_;
      },
      this));
  PB_RETURN_IF_ERROR(status_);
  if (closed_) return absl::CancelledError("the pipeline was stopped");
  return absl::OkStatus();
}

const void* StripRing::Row(int band, int64_t y) const {
  return samples_.data() +
         (static_cast<size_t>(band) * static_cast<size_t>(capacity_ * width_) +
          Slot(y) * static_cast<size_t>(width_)) *
             sample_size_;
}

const uint8_t* StripRing::Valid(int64_t y) const {
  return valid_.data() + Slot(y) * static_cast<size_t>(width_);
}

void StripRing::Release(int64_t y) {
  absl::MutexLock lock(&mutex_);
  wanted_ = std::max(wanted_, y);
}

void StripRing::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

int64_t StripRing::bytes() const {
  return static_cast<int64_t>(samples_.size() + valid_.size());
}

}  // namespace pushbroom
