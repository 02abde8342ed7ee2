// The outbox, locks and models of the memory job store, which guards them with
// its mutex. Each promise is that of the JobStore method of the same name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/transitions.h"

namespace pushbroom {

/// Thread-compatible.
class MemoryOutbox {
 public:
  void Post(const std::string& job_id, const Deliveries& deliveries,
            absl::Time now);
  std::vector<OutboxEntry> Due(int limit, absl::Time now) const;
  std::vector<OutboxEntry> Of(absl::string_view job_id) const;
  void Done(int64_t id) { entries_.erase(id); }
  absl::Status Retry(int64_t id, absl::string_view error, absl::Time due);
  void Forget(absl::string_view job_id);
  const std::map<int64_t, OutboxEntry>& entries() const { return entries_; }

 private:
  std::map<int64_t, OutboxEntry> entries_;
  int64_t last_id_ = 0;
};

/// Thread-compatible.
class MemoryLocks {
 public:
  bool TryLock(absl::string_view name, absl::string_view holder,
               absl::Duration ttl, absl::Time now);

 private:
  struct Held {
    std::string holder;
    absl::Time until;
  };
  std::map<std::string, Held> held_;
};

/// Thread-compatible.
class MemoryModels {
 public:
  void Put(const ModelRecord& record, absl::Time now);
  absl::StatusOr<ModelRecord> Get(absl::string_view digest) const;
  std::vector<ModelRecord> Current() const;
  absl::Status SetProbe(absl::string_view digest, absl::string_view pool,
                        const ModelProbe& probe);
  absl::Status Retire(absl::string_view process_id);

 private:
  std::map<std::string, ModelRecord, std::less<>> by_digest_;
};

}  // namespace pushbroom
