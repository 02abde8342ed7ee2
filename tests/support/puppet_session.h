// A model without LibTorch: a function of one tile, run on the spot.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "workers/pipeline/tile_session.h"

namespace pushbroom::testing {

/// Thread-safe as TileSession asks.
class PuppetSession : public TileSession {
 public:
  using Function =
      std::function<void(const TileShape&, const float* in, float* out)>;

  PuppetSession(TileShape shape, Function function)
      : shape_(shape), function_(std::move(function)) {}

  const TileShape& shape() const override { return shape_; }

  absl::StatusOr<TilePlace> Acquire() override {
    absl::MutexLock lock(&mutex_);
    if (!failed_.ok()) return failed_;
    auto* place = new std::vector<float>(Size(shape_.channels, shape_.size));
    return TilePlace{place->data(), place};
  }

  void Submit(TilePlace place) override {
    std::unique_ptr<std::vector<float>> in(
        static_cast<std::vector<float>*>(place.handle));
    std::vector<float> out(Size(shape_.output_channels, shape_.output_size));
    function_(shape_, in->data(), out.data());
    absl::MutexLock lock(&mutex_);
    ready_.push_back(std::move(out));
    ++tiles_;
  }

  void Finish() override {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
  }

  absl::StatusOr<std::unique_ptr<TilePrediction>> Next() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &PuppetSession::CanTake));
    if (!failed_.ok()) return failed_;
    if (ready_.empty()) return nullptr;
    auto prediction = std::make_unique<Prediction>(std::move(ready_.front()));
    ready_.pop_front();
    return prediction;
  }

  void Abort(absl::Status reason) override {
    absl::MutexLock lock(&mutex_);
    failed_ = std::move(reason);
    finished_ = true;
  }

  int tiles() const {
    absl::MutexLock lock(&mutex_);
    return tiles_;
  }

 private:
  class Prediction final : public TilePrediction {
   public:
    explicit Prediction(std::vector<float> values)
        : values_(std::move(values)) {}
    const float* values() const override { return values_.data(); }

   private:
    std::vector<float> values_;
  };

  static size_t Size(int channels, int size) {
    return static_cast<size_t>(channels) * static_cast<size_t>(size) *
           static_cast<size_t>(size);
  }
  bool CanTake() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !ready_.empty() || finished_;
  }

  const TileShape shape_;
  const Function function_;
  mutable absl::Mutex mutex_;
  std::deque<std::vector<float>> ready_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  int tiles_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace pushbroom::testing
