// A hint that something happened, so that nobody waits for the next poll.
// Hints may be lost, late or doubled: every receiver polls as well.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pushbroom {

struct Hint {
  enum class Kind { kReady, kCancelled, kFinished };
  Kind kind = Kind::kReady;
  std::string subject;   // kReady: the pool; else the job id
};

/// One receiver's end. Thread-compatible.
class HintReceiver {
 public:
  virtual ~HintReceiver() = default;
  /// The next hint; absent after `timeout`.
  virtual std::optional<Hint> Wait(absl::Duration timeout) = 0;
};

/// Thread-safe.
class Wakeup {
 public:
  virtual ~Wakeup() = default;
  /// Tells every receiver of every process. Never blocks, never fails.
  virtual void Send(const Hint& hint) = 0;
  virtual absl::StatusOr<std::unique_ptr<HintReceiver>> Subscribe() = 0;
};

/// Within one process; for tests.
std::unique_ptr<Wakeup> NewMemoryWakeup();

/// Between processes of one machine: datagram sockets in `directory`, one a
/// receiver; made if absent, sockets of the dead are removed.
absl::StatusOr<std::unique_ptr<Wakeup>> NewSocketWakeup(
    const std::string& directory);

}  // namespace pushbroom
