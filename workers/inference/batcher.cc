#include "workers/inference/batcher.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {
// One runs, one is full, one fills.
constexpr int kInputs = 3;
// Predictions a session may leave unread, in batches; then it must not submit.
constexpr int kUnreadBatches = 3;

class Prediction final : public TilePrediction {
 public:
  Prediction(std::shared_ptr<const BatchOutput> output, size_t offset)
      : output_(std::move(output)), offset_(offset) {}
  const float* values() const override { return output_->values() + offset_; }

 private:
  std::shared_ptr<const BatchOutput> output_;
  size_t offset_;
};
}  // namespace

// Guarded by the batcher's mutex.
struct SessionState {
  int in_open_batch_limit = 0;  // 0: none
  int64_t acquired = 0, submitted = 0, consumed = 0;
  int64_t unread_limit = 0;
  bool finished = false;
  absl::Status failed;
  std::map<int64_t, std::unique_ptr<TilePrediction>> ready;

  bool within_limit() const { return acquired - consumed < unread_limit; }
};

class Batcher::Session final : public TileSession {
 public:
  Session(Batcher& batcher, std::shared_ptr<SessionState> state)
      : batcher_(batcher), state_(std::move(state)) {}

  ~Session() override {
    absl::MutexLock lock(&batcher_.mutex_);
    auto& all = batcher_.sessions_;
    all.erase(std::remove(all.begin(), all.end(), state_), all.end());
    batcher_.changed_.SignalAll();
  }

  const TileShape& shape() const override { return batcher_.runner_->shape(); }

  absl::StatusOr<TilePlace> Acquire() override {
    absl::MutexLock lock(&batcher_.mutex_);
    while (state_->failed.ok() && !batcher_.CanAcquire(*state_)) {
      batcher_.changed_.Wait(&batcher_.mutex_);
    }
    if (!state_->failed.ok()) return state_->failed;
    PB_ASSIGN_OR_RETURN(Batch * batch, batcher_.OpenBatch());
    const int index = batch->acquired++;
    ++state_->acquired;
    batch->entries.push_back({state_, state_->acquired - 1});
    if (batch->acquired >= Limit()) batch->closed = true;
    const TileShape& s = shape();
    return TilePlace{
        batch->input->values() +
            static_cast<size_t>(index) * static_cast<size_t>(s.channels) *
                static_cast<size_t>(s.size) * static_cast<size_t>(s.size),
        batch};
  }

  void Submit(TilePlace place) override {
    absl::MutexLock lock(&batcher_.mutex_);
    auto* batch = static_cast<Batch*>(place.handle);
    if (batch->submitted++ == 0) batch->oldest = absl::Now();
    ++state_->submitted;
    batcher_.changed_.SignalAll();
  }

  void Finish() override {
    absl::MutexLock lock(&batcher_.mutex_);
    state_->finished = true;
    batcher_.changed_.SignalAll();
  }

  absl::StatusOr<std::unique_ptr<TilePrediction>> Next() override {
    absl::MutexLock lock(&batcher_.mutex_);
    const int64_t wanted = state_->consumed;
    auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(batcher_.mutex_) {
      return !state_->ready.empty() && state_->ready.begin()->first == wanted;
    };
    while (state_->failed.ok() && !there() &&
           !(state_->finished && wanted == state_->submitted)) {
      batcher_.changed_.Wait(&batcher_.mutex_);
    }
    if (!state_->failed.ok()) return state_->failed;
    if (!there()) return nullptr;
    auto prediction = std::move(state_->ready.begin()->second);
    state_->ready.erase(state_->ready.begin());
    ++state_->consumed;
    batcher_.changed_.SignalAll();
    return prediction;
  }

  void Abort(absl::Status reason) override {
    absl::MutexLock lock(&batcher_.mutex_);
    if (state_->failed.ok()) {
      state_->failed = reason.ok() ? absl::CancelledError("session aborted")
                                   : std::move(reason);
    }
    state_->finished = true;
    batcher_.changed_.SignalAll();
  }

 private:
  int Limit() const {
    return state_->in_open_batch_limit > 0
               ? std::min(state_->in_open_batch_limit, batcher_.batch_size_)
               : batcher_.batch_size_;
  }

  Batcher& batcher_;
  const std::shared_ptr<SessionState> state_;
};

Batcher::Batcher(std::unique_ptr<BatchRunner> runner, DeviceTurn& turn,
                 absl::Duration max_delay, void (*on_thread_start)(int threads),
                 int threads)
    : runner_(std::move(runner)),
      turn_(turn),
      max_delay_(max_delay),
      batch_size_(runner_->batch_size()),
      executor_([this, on_thread_start, threads] {
        if (on_thread_start != nullptr) on_thread_start(threads);
        Execute();
      }) {}

Batcher::~Batcher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  executor_.join();
}

std::unique_ptr<TileSession> Batcher::Open(int batch_size) {
  auto state = std::make_shared<SessionState>();
  state->in_open_batch_limit = batch_size;
  state->unread_limit = int64_t{kUnreadBatches} * batch_size_;
  absl::MutexLock lock(&mutex_);
  sessions_.push_back(state);
  return std::make_unique<Session>(*this, std::move(state));
}

BatcherStats Batcher::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

bool Batcher::CanAcquire(const SessionState& session) const {
  if (!session.within_limit()) return false;
  const bool open = !batches_.empty() && !batches_.back()->closed;
  return open || !free_.empty() || inputs_ < kInputs;
}

absl::StatusOr<Batcher::Batch*> Batcher::OpenBatch() {
  if (!batches_.empty() && !batches_.back()->closed) {
    return batches_.back().get();
  }
  auto batch = std::make_unique<Batch>();
  if (!free_.empty()) {
    batch->input = std::move(free_.back());
    free_.pop_back();
  } else {
    PB_ASSIGN_OR_RETURN(batch->input, runner_->NewInput());
    ++inputs_;
  }
  batches_.push_back(std::move(batch));
  return batches_.back().get();
}

bool Batcher::AnyAble() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& s) {
    return !s->finished && s->within_limit();
  });
}

std::unique_ptr<Batcher::Batch> Batcher::TakeReady() {
  if (batches_.empty()) return nullptr;
  Batch& first = *batches_.front();
  if (first.submitted == 0 || first.submitted < first.acquired) return nullptr;
  if (!first.closed) {
    // It is the last and not full: is it worth waiting for more?
    if (AnyAble() && absl::Now() < first.oldest + max_delay_) return nullptr;
    first.closed = true;
  }
  std::unique_ptr<Batch> batch = std::move(batches_.front());
  batches_.pop_front();
  return batch;
}

void Batcher::Execute() {
  for (;;) {
    std::unique_ptr<Batch> batch;
    {
      absl::MutexLock lock(&mutex_);
      while (!stopping_ && (batch = TakeReady()) == nullptr) {
        // Only a batch whose places are all written can run by its age alone.
        const bool aging =
            !batches_.empty() && batches_.front()->submitted > 0 &&
            batches_.front()->submitted == batches_.front()->acquired;
        changed_.WaitWithDeadline(&mutex_,
                                  aging ? batches_.front()->oldest + max_delay_
                                        : absl::InfiniteFuture());
      }
      if (batch == nullptr) return;
    }
    // Nobody may be waiting any more: then the tiles need not be computed.
    bool wanted = false;
    {
      absl::MutexLock lock(&mutex_);
      for (const Batch::Entry& entry : batch->entries) {
        wanted = wanted || entry.session->failed.ok();
      }
    }
    absl::StatusOr<std::shared_ptr<const BatchOutput>> output =
        absl::CancelledError("nobody waits for this batch");
    absl::Duration forward;
    if (wanted) {
      absl::MutexLock turn(&turn_.mutex);
      const absl::Time start = absl::Now();
      output = runner_->Run(*batch->input, batch->submitted);
      forward = absl::Now() - start;
    }
    {
      absl::MutexLock lock(&mutex_);
      ++stats_.batches;
      stats_.tiles += batch->submitted;
      stats_.places += batch_size_;
      stats_.forward += forward;
    }
    Deliver(*batch, std::move(output));
  }
}

void Batcher::Deliver(
    Batch& batch, absl::StatusOr<std::shared_ptr<const BatchOutput>> output) {
  const TileShape& s = runner_->shape();
  const size_t tile_values = static_cast<size_t>(s.output_channels) *
                             static_cast<size_t>(s.output_size) *
                             static_cast<size_t>(s.output_size);
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < batch.entries.size(); ++i) {
    const Batch::Entry& entry = batch.entries[i];
    if (!entry.session->failed.ok()) continue;
    if (output.ok()) {
      entry.session->ready[entry.sequence] =
          std::make_unique<Prediction>(*output, i * tile_values);
    } else {
      entry.session->failed = output.status();
    }
  }
  free_.push_back(std::move(batch.input));
  changed_.SignalAll();
}

}  // namespace pushbroom
