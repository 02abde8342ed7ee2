#include "workers/heart.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/log.h"

namespace pushbroom {
namespace {

bool SameProgress(const Progress& a, const Progress& b) {
  return a.percent == b.percent && a.tiles_done == b.tiles_done &&
         a.message == b.message;
}

}  // namespace

Heart::Heart(HeartOptions options, JobStore& store,
             std::function<void(Attempt&)> on_stuck)
    : options_(options), store_(store), on_stuck_(std::move(on_stuck)) {
  thread_ = std::thread([this] { Loop(); });
}

Heart::~Heart() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  thread_.join();
}

void Heart::Add(std::shared_ptr<Attempt> attempt) {
  absl::MutexLock lock(&mutex_);
  Beating beating;
  beating.last = absl::Now();
  beating.next = beating.last + options_.lease / 4;
  beating.attempt = std::move(attempt);
  beating_.push_back(std::move(beating));
  kicked_ = true;
}

void Heart::Remove(const Attempt& attempt) {
  absl::MutexLock lock(&mutex_);
  beating_.erase(std::remove_if(beating_.begin(), beating_.end(),
                                [&](const Beating& b) {
                                  return b.attempt.get() == &attempt;
                                }),
                 beating_.end());
}

void Heart::BeatNow(absl::string_view job_id) {
  absl::MutexLock lock(&mutex_);
  for (Beating& beating : beating_) {
    if (beating.attempt->job().id != job_id) continue;
    beating.now = true;
    kicked_ = true;
  }
}

std::vector<std::shared_ptr<Attempt>> Heart::attempts() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Attempt>> attempts;
  for (const Beating& beating : beating_) attempts.push_back(beating.attempt);
  return attempts;
}

std::vector<std::shared_ptr<Attempt>> Heart::Due(absl::Time now,
                                                 absl::Time* wake) {
  std::vector<std::shared_ptr<Attempt>> due;
  *wake = now + options_.lease / 4;
  for (Beating& beating : beating_) {
    const Progress progress = beating.attempt->progress();
    const absl::Time may = beating.last + options_.progress_interval;
    const bool news = !SameProgress(progress, beating.told);
    if (beating.now || now >= beating.next || (news && now >= may)) {
      beating.now = false;
      beating.told = progress;
      beating.last = now;
      beating.next = now + options_.lease / 4;
      due.push_back(beating.attempt);
    }
    // Progress does not wake this thread, so it looks.
    *wake = std::min(
        {*wake, beating.next, beating.last + options_.progress_interval});
    const absl::Time deadline = beating.attempt->deadline();
    if (deadline > now) *wake = std::min(*wake, deadline);
    const absl::Time stuck =
        beating.attempt->stopped_at() + options_.stop_grace;
    if (stuck > now) *wake = std::min(*wake, stuck);
  }
  // Past moments (progress that may be told but has not changed) must not
  // make this a busy loop.
  *wake = std::max(*wake, now + std::min(options_.progress_interval,
                                         absl::Milliseconds(10)));
  return due;
}

void Heart::Watch(absl::Time now,
                  std::vector<std::shared_ptr<Attempt>>* stuck) {
  for (Beating& beating : beating_) {
    Attempt& attempt = *beating.attempt;
    if (attempt.concluded()) continue;
    if (now >= attempt.deadline()) {
      attempt.Stop(StopReason::kDeadline,
                   absl::DeadlineExceededError(absl::StrCat(
                       "the job took longer than its deadline of ",
                       absl::FormatDuration(attempt.job().deadline))),
                   now);
    }
    if (now >= attempt.stopped_at() + options_.stop_grace && !beating.stuck) {
      beating.stuck = true;
      stuck->push_back(beating.attempt);
    }
  }
}

void Heart::Beat(Attempt& attempt) {
  if (attempt.concluded()) return;
  const auto beat =
      store_.Extend(attempt.lease(), options_.lease, attempt.progress());
  if (beat.ok()) {
    if (beat->dismiss_requested) {
      attempt.Stop(StopReason::kDismissed,
                   absl::CancelledError("the job was dismissed"), absl::Now());
    }
    return;
  }
  const bool lost = beat.status().code() == absl::StatusCode::kAborted ||
                    beat.status().code() == absl::StatusCode::kNotFound;
  // Its end may have been written while the beat was on its way.
  if (attempt.concluded()) return;
  Log(LogLevel::kWarning, lost ? "lease lost" : "heartbeat failed",
      {{"job", attempt.job().id},
       {"error", std::string(beat.status().message())}});
  // Otherwise the store is away: the job goes on, the fence decides at its end.
  if (lost) {
    attempt.Stop(StopReason::kLost,
                 absl::AbortedError("the lease of the job was lost"),
                 absl::Now());
  }
}

void Heart::Loop() {
  absl::Time wake = absl::Now();
  for (;;) {
    std::vector<std::shared_ptr<Attempt>> due, stuck;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &Heart::Awake), wake);
      if (ending_) return;
      kicked_ = false;
      const absl::Time now = absl::Now();
      Watch(now, &stuck);
      due = Due(now, &wake);
    }
    for (const auto& attempt : due) Beat(*attempt);
    for (const auto& attempt : stuck) on_stuck_(*attempt);
  }
}

}  // namespace pushbroom
