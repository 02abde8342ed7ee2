// Which failures are worth another attempt.
#pragma once

#include "absl/status/status.h"
#include "service/core/base/status.h"

namespace pushbroom {

/// True where the same job may work later or on another worker: the other side
/// was away, answered too late, or memory was short. A limit that an input
/// breaks (it has a pointer to it) stays broken, and the job's own deadline is
/// judged by the worker, not here.
inline bool IsRetryable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return PointerOf(status).empty();
    default:
      return false;
  }
}

}  // namespace pushbroom
