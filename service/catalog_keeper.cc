#include "service/catalog_keeper.h"

#include <utility>

#include "absl/time/clock.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {

CatalogKeeper::CatalogKeeper(CatalogKeeperOptions options, Catalog& catalog,
                             Wakeup& wakeup)
    : options_(std::move(options)), catalog_(catalog), wakeup_(wakeup) {}

CatalogKeeper::~CatalogKeeper() { Stop(); }

absl::Status CatalogKeeper::Start() {
  PB_ASSIGN_OR_RETURN(hints_, wakeup_.Subscribe());
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

void CatalogKeeper::Stop() {
  stop_.Cancel(absl::CancelledError("the service ends"));
  if (!thread_.joinable()) return;
  wakeup_.Send({Hint::Kind::kFinished, ""});  // wakes the receiver
  thread_.join();
}

void CatalogKeeper::RegisterAll() {
  std::vector<std::string> problems;
  const auto note = [&](const absl::Status& status) {
    if (status.ok() || stop_.cancelled()) return;
    Log(LogLevel::kError, "models cannot be registered",
        {{"error", status.ToString()}});
    problems.emplace_back(status.message());
  };
  for (const std::string& directory : options_.directories) {
    note(catalog_.RegisterDirectory(directory, stop_));
  }
  note(catalog_.RetireOutside(options_.directories));
  absl::MutexLock lock(&mutex_);
  registered_ = true;
  problems_ = std::move(problems);
}

void CatalogKeeper::Loop() {
  RegisterAll();
  absl::Status last;
  bool was_settled = false;
  while (!stop_.cancelled()) {
    const absl::Status status = catalog_.Refresh();
    if (!status.ok() && status != last) {
      Log(LogLevel::kWarning, "the catalogue of models cannot be read",
          {{"error", status.ToString()}});
    }
    last = status;
    const bool settled = status.ok() && catalog_.settled();
    if (settled && !was_settled) {
      for (const auto& process : catalog_.List()) {
        const bool available = process->state == ProcessState::kAvailable;
        Log(available ? LogLevel::kInfo : LogLevel::kWarning,
            available ? "process available" : "process unavailable",
            {{"process", process->id}, {"reason", process->reason}});
      }
    }
    was_settled = settled;
    const absl::Time until = absl::Now() + (settled ? options_.poll_settled
                                                    : options_.poll_checking);
    while (!stop_.cancelled() && absl::Now() < until) {
      const auto hint = hints_->Wait(until - absl::Now());
      // Any job may be the probe that is waited for.
      if (hint && hint->kind == Hint::Kind::kFinished && !settled) break;
    }
  }
}

bool CatalogKeeper::settled() const {
  {
    absl::MutexLock lock(&mutex_);
    if (!registered_) return false;
  }
  return catalog_.settled();
}

std::vector<std::string> CatalogKeeper::problems() const {
  absl::MutexLock lock(&mutex_);
  return problems_;
}

}  // namespace pushbroom
