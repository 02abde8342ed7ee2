#include "service/publish/publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// Errors that another attempt will hardly change get a few all the same: a
// volume may be mounted late.
constexpr int kPointlessAttempts = 5;

bool IsPointless(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

}  // namespace

absl::Duration RetryDelay(int attempts, const PublisherOptions& options) {
  absl::Duration delay = options.retry_base;
  for (int i = 1; i < attempts && delay < options.retry_max; ++i) delay *= 4;
  return std::min(delay, options.retry_max);
}

Publisher::Publisher(
    PublisherOptions options, JobStore& store, Wakeup& wakeup,
    const Clock& clock,
    std::map<std::string, std::unique_ptr<Delivery>> deliveries,
    OnResult on_result)
    : options_(std::move(options)),
      store_(store),
      wakeup_(wakeup),
      clock_(clock),
      deliveries_(std::move(deliveries)),
      on_result_(std::move(on_result)) {}

Publisher::~Publisher() { Stop(); }

absl::Status Publisher::Start() {
  PB_ASSIGN_OR_RETURN(hints_, wakeup_.Subscribe());
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

void Publisher::Stop() {
  stop_.Cancel(absl::CancelledError("the service ends"));
  if (!thread_.joinable()) return;
  // Wakes the receiver; a lost hint costs one poll interval.
  wakeup_.Send({Hint::Kind::kFinished, ""});
  thread_.join();
}

void Publisher::Loop() {
  absl::Status last;
  while (!stop_.cancelled()) {
    const auto settled = RunOnce();
    if (!settled.ok() && settled.status() != last) {
      Log(LogLevel::kWarning, "the outbox cannot be read",
          {{"error", settled.status().ToString()}});
    }
    last = settled.status();
    if (settled.ok() && *settled == options_.batch) continue;  // more is due
    const absl::Time until = absl::Now() + options_.poll_interval;
    while (!stop_.cancelled() && absl::Now() < until) {
      const auto hint = hints_->Wait(until - absl::Now());
      if (hint && hint->kind == Hint::Kind::kFinished) break;
    }
  }
}

absl::StatusOr<int> Publisher::RunOnce() {
  absl::MutexLock lock(&round_mutex_);
  PB_ASSIGN_OR_RETURN(
      const bool ours,
      store_.TryLock("publisher", options_.holder, options_.lock_ttl));
  if (!ours) return 0;
  PB_ASSIGN_OR_RETURN(const std::vector<OutboxEntry> due,
                      store_.OutboxDue(options_.batch));
  absl::Time locked = clock_.Now();
  int settled = 0;
  for (const OutboxEntry& entry : due) {
    if (stop_.cancelled()) break;
    if (clock_.Now() - locked > options_.lock_ttl / 2) {
      PB_ASSIGN_OR_RETURN(
          const bool still,
          store_.TryLock("publisher", options_.holder, options_.lock_ttl));
      if (!still) break;
      locked = clock_.Now();
    }
    PB_ASSIGN_OR_RETURN(const bool done, Settle(entry));
    if (done) ++settled;
  }
  return settled;
}

absl::StatusOr<bool> Publisher::Settle(const OutboxEntry& entry) {
  const auto delivery = deliveries_.find(entry.kind);
  absl::Status status;
  int max_attempts = kPointlessAttempts;
  if (delivery == deliveries_.end()) {
    status = absl::UnimplementedError(
        absl::StrCat("nobody delivers \"", entry.kind, "\""));
  } else {
    const auto job = store_.Get(entry.job_id);
    if (absl::IsNotFound(job.status())) {
      // Its owner removed it meanwhile, and with it the wish to publish.
      PB_RETURN_IF_ERROR(store_.OutboxDone(entry.id));
      return true;
    }
    if (!job.ok()) return job.status();
    status = delivery->second->Deliver(entry, *job);
    if (!IsPointless(status)) max_attempts = delivery->second->max_attempts();
  }
  if (on_result_) on_result_(entry.kind, status.ok());
  if (status.ok()) {
    PB_RETURN_IF_ERROR(store_.OutboxDone(entry.id));
    return true;
  }
  const int attempts = entry.attempts + 1;
  const bool give_up = max_attempts > 0 && attempts >= max_attempts;
  Log(give_up ? LogLevel::kError : LogLevel::kWarning,
      give_up ? "a delivery was given up" : "a delivery failed",
      {{"job", entry.job_id},
       {"kind", entry.kind},
       {"attempt", absl::StrCat(attempts)},
       {"error", status.ToString()}});
  if (give_up) {
    PB_RETURN_IF_ERROR(store_.OutboxDone(entry.id));
    return true;
  }
  PB_RETURN_IF_ERROR(
      store_.OutboxRetry(entry.id, status.message(),
                         clock_.Now() + RetryDelay(attempts, options_)));
  return false;
}

}  // namespace pushbroom
