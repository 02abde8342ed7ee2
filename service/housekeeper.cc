#include "service/housekeeper.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr int kCollectBatch = 100;
constexpr absl::Duration kTick = absl::Milliseconds(250);

// Runs a duty when its time has come, and says when it fails.
class Duty {
 public:
  explicit Duty(absl::Duration every) : every_(every) {}
  template <typename Work>
  void Run(absl::Time now, const char* failure, Work work) {
    if (now < due_) return;
    due_ = now + every_;
    const absl::Status status = work();
    if (!status.ok() && status != last_) {
      Log(LogLevel::kWarning, failure, {{"error", status.ToString()}});
    }
    last_ = status;
  }

 private:
  const absl::Duration every_;
  absl::Time due_ = absl::InfinitePast();
  absl::Status last_;
};

}  // namespace

Housekeeper::Housekeeper(HousekeeperOptions options, JobStore& store,
                         Wakeup& wakeup, Storage& storage, const Clock& clock,
                         Metrics& metrics)
    : options_(std::move(options)),
      store_(store),
      wakeup_(wakeup),
      storage_(storage),
      clock_(clock),
      metrics_(metrics) {}

Housekeeper::~Housekeeper() { Stop(); }

void Housekeeper::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Housekeeper::Stop() {
  stop_.Cancel(absl::CancelledError("the service ends"));
  if (thread_.joinable()) thread_.join();
}

void Housekeeper::Loop() {
  Duty reap(options_.reap_every);
  Duty collect(options_.collect_every);
  Duty measure(options_.measure_every);
  while (!stop_.cancelled()) {
    const absl::Time now = clock_.Now();
    reap.Run(now, "leases that ended cannot be returned",
             [this] { return Reap().status(); });
    measure.Run(now, "the queue cannot be measured",
                [this] { return Measure(); });
    collect.Run(now, "old jobs cannot be removed",
                [this] { return Collect().status(); });
    stop_.WaitFor(kTick);
  }
}

absl::StatusOr<int> Housekeeper::Reap() {
  PB_ASSIGN_OR_RETURN(const int returned, store_.Reap());
  if (returned > 0) {
    metrics_.Add(Counter::kLeasesExpired, {options_.pool}, returned);
    Log(LogLevel::kWarning, "leases ended and their jobs were returned",
        {{"jobs", absl::StrCat(returned)}});
    wakeup_.Send({Hint::Kind::kReady, options_.pool});
  }
  return returned;
}

absl::StatusOr<int> Housekeeper::Collect() {
  int removed = 0;
  for (bool more = true; more && !stop_.cancelled();) {
    PB_ASSIGN_OR_RETURN(
        const std::vector<Job> expired,
        store_.Expired(clock_.Now() - options_.retention, kCollectBatch));
    more = false;
    for (const Job& job : expired) {
      PB_ASSIGN_OR_RETURN(const auto pending, store_.OutboxOf(job.id));
      if (!pending.empty()) continue;
      // Files first: a job without files is found again, files without a job
      // would stay for ever.
      PB_RETURN_IF_ERROR(
          storage_.RemovePrefix(absl::StrCat("results/", job.id, "/")));
      const absl::Status status = store_.Remove(job.id);
      if (!status.ok() && !absl::IsNotFound(status)) return status;
      ++removed;
      more = expired.size() == static_cast<size_t>(kCollectBatch);
    }
  }
  if (removed > 0) {
    Log(LogLevel::kInfo, "old jobs removed", {{"jobs", absl::StrCat(removed)}});
  }
  CollectUploads();
  return removed;
}

void Housekeeper::CollectUploads() {
  const auto keys = storage_.List("uploads/");
  if (!keys.ok()) return;
  for (const std::string& key : *keys) {
    const auto path = storage_.LocalPath(key);
    struct stat info {};
    if (!path || ::stat(path->c_str(), &info) != 0) continue;
    const absl::Time made = absl::FromUnixSeconds(info.st_mtime);
    if (clock_.Now() - made < options_.retention) continue;
    if (::unlink(path->c_str()) != 0) {
      Log(LogLevel::kWarning, "an old upload cannot be removed",
          {{"key", key}, {"error", std::strerror(errno)}});
    }
  }
}

absl::Status Housekeeper::Measure() {
  PB_ASSIGN_OR_RETURN(const std::vector<QueueStats> stats, store_.Stats());
  int64_t outbox = 0;
  bool seen = false;
  const auto set = [&](const QueueStats& pool) {
    metrics_.Set(Gauge::kQueueJobs, {pool.pool, "accepted"},
                 static_cast<double>(pool.accepted));
    metrics_.Set(Gauge::kQueueJobs, {pool.pool, "running"},
                 static_cast<double>(pool.running));
    metrics_.Set(Gauge::kQueueOldestReady, {pool.pool},
                 absl::ToDoubleSeconds(pool.oldest_wait));
  };
  for (const QueueStats& pool : stats) {
    set(pool);
    outbox += pool.outbox_pending;
    seen = seen || pool.pool == options_.pool;
  }
  if (!seen) {  // an empty queue has no row
    QueueStats empty;
    empty.pool = options_.pool;
    set(empty);
  }
  metrics_.Set(Gauge::kOutboxPending, {}, static_cast<double>(outbox));
  absl::MutexLock lock(&mutex_);
  store_seen_ = clock_.Now();
  return absl::OkStatus();
}

absl::Time Housekeeper::store_seen() const {
  absl::MutexLock lock(&mutex_);
  return store_seen_;
}

}  // namespace pushbroom
