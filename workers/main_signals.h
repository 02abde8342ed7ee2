// SIGTERM and SIGINT as bytes on a pipe.
#pragma once

#include "absl/status/statusor.h"

namespace pushbroom {

/// From now on each SIGTERM and SIGINT puts one byte, its number, into a pipe,
/// whose end to read from this gives (blocking, close-on-exec, open for the
/// process's life). Handlers and no blocked mask: OpenBLAS starts threads while
/// it is loaded, before main can block anything, and they would take the signal
/// and die of it. Call once. SIGPIPE is ignored as well.
absl::StatusOr<int> SignalPipe();

}  // namespace pushbroom
