#include "service/http/parking_lot.h"

#include <utility>

#include "absl/time/clock.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {

absl::StatusOr<std::unique_ptr<ParkingLot>> ParkingLot::Open(
    const ParkingOptions& options, JobStore& store, Wakeup& wakeup,
    const Clock& clock) {
  PB_ASSIGN_OR_RETURN(auto receiver, wakeup.Subscribe());
  return std::unique_ptr<ParkingLot>(
      new ParkingLot(options, store, std::move(receiver), clock));
}

ParkingLot::ParkingLot(const ParkingOptions& options, JobStore& store,
                       std::unique_ptr<HintReceiver> receiver,
                       const Clock& clock)
    : options_(options),
      store_(store),
      receiver_(std::move(receiver)),
      clock_(clock),
      thread_([this] { Run(); }) {}

ParkingLot::~ParkingLot() { Close(); }

void ParkingLot::Close() {
  {
    absl::MutexLock lock(&mutex_);
    if (closed_) return;
    closed_ = true;
  }
  thread_.join();
}

size_t ParkingLot::size() const {
  absl::MutexLock lock(&mutex_);
  return waiting_.size();
}

bool ParkingLot::Park(api::Parked parked, Send send) {
  const std::string job_id = parked.job_id;
  Waiting waiting{std::move(parked), std::move(send)};
  bool closed = false;
  {
    absl::MutexLock lock(&mutex_);
    closed = closed_;
    if (!closed && waiting_.size() >= options_.capacity) return false;
    if (!closed) waiting_.emplace(job_id, std::move(waiting));
  }
  if (closed) {
    // The job was accepted: its client must learn of it.
    Batch one;
    one.push_back(std::move(waiting));
    Answer(std::move(one), store_.Get(job_id));
    return true;
  }
  // It may have ended before it was known here; a hint for that is gone.
  LookAt(job_id);
  return true;
}

void ParkingLot::Run() {
  absl::Time next_look = absl::Now() + options_.poll;
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (closed_) break;
    }
    const auto hint = receiver_->Wait(options_.tick);
    if (hint && hint->kind == Hint::Kind::kFinished) LookAt(hint->subject);
    if (absl::Now() >= next_look) {
      LookAtAll();
      next_look = absl::Now() + options_.poll;
    }
    for (Waiting& late : TakeLate(/*all=*/false)) {
      const auto job = store_.Get(late.parked.job_id);
      Batch one;
      one.push_back(std::move(late));
      Answer(std::move(one), job);
    }
  }
  for (Waiting& left : TakeLate(/*all=*/true)) {
    const auto job = store_.Get(left.parked.job_id);
    Batch one;
    one.push_back(std::move(left));
    Answer(std::move(one), job);
  }
}

ParkingLot::Batch ParkingLot::TakeLate(bool all) {
  Batch batch;
  const absl::Time now = clock_.Now();
  absl::MutexLock lock(&mutex_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (all || it->second.parked.deadline <= now) {
      batch.push_back(std::move(it->second));
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  return batch;
}

ParkingLot::Batch ParkingLot::TakeJob(const std::string& job_id) {
  Batch batch;
  absl::MutexLock lock(&mutex_);
  const auto [first, last] = waiting_.equal_range(job_id);
  for (auto it = first; it != last; ++it) {
    batch.push_back(std::move(it->second));
  }
  waiting_.erase(first, last);
  return batch;
}

void ParkingLot::LookAt(const std::string& job_id) {
  {
    absl::MutexLock lock(&mutex_);
    if (waiting_.count(job_id) == 0) return;
  }
  const auto job = store_.Get(job_id);
  // A store that is away for a moment may be back before the deadline; a job
  // that is gone stays so.
  const bool over =
      job.ok() ? IsFinal(job->state) : absl::IsNotFound(job.status());
  if (over) Answer(TakeJob(job_id), job);
}

void ParkingLot::LookAtAll() {
  std::vector<std::string> ids;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();
         it = waiting_.upper_bound(it->first)) {
      ids.push_back(it->first);
    }
  }
  for (const std::string& id : ids) LookAt(id);
}

void ParkingLot::Answer(Batch batch, const absl::StatusOr<Job>& job) {
  for (Waiting& waiting : batch) {
    try {
      waiting.send(waiting.parked.done(job));
    } catch (const std::exception& error) {
      api::Response failure;
      failure.status = 500;
      waiting.send(failure);
      Log(LogLevel::kError, "rendering a parked answer threw",
          {{"job", waiting.parked.job_id}, {"error", error.what()}});
    }
  }
}

}  // namespace pushbroom
