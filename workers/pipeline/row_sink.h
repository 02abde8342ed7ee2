// Where finished rows go.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace pushbroom {

/// Thread-compatible: one writer thread.
class RowSink {
 public:
  virtual ~RowSink() = default;
  /// Rows [y, y + rows) of the whole width, in order and without gaps, planar:
  /// band b of the sink begins at rows * width * b values. The value type
  /// (uint8_t or float) is the sink's.
  virtual absl::Status Write(int64_t y, int rows, const void* values) = 0;
};

}  // namespace pushbroom
