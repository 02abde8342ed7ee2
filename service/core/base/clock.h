// The time, as a seam: a test turns the hands.
#pragma once

#include "absl/time/time.h"

namespace pushbroom {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;

  /// The clock of this machine; lives for ever.
  static Clock& System();
};

}  // namespace pushbroom
