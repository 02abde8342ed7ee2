// One way of delivering what the outbox holds.
#pragma once

#include "absl/status/status.h"
#include "schemas/job.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// Thread-compatible: one publisher calls it.
class Delivery {
 public:
  virtual ~Delivery() = default;

  /// Delivers what `entry` tells of. `job` is the job as it is now. Entries
  /// are delivered at least once: doing it twice has the effect of once.
  /// kInvalidArgument, kNotFound and kPermissionDenied: trying again is
  /// pointless; every other error is tried again.
  virtual absl::Status Deliver(const OutboxEntry& entry, const Job& job) = 0;

  /// How often it is tried before the entry is given up; 0: for ever.
  virtual int max_attempts() const = 0;
};

}  // namespace pushbroom
