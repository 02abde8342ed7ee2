// The header Range of RFC 9110, as far as one range.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pushbroom {

struct ByteRange {
  enum class Kind {
    kWhole,          // no range, several, or none that is understood: 200
    kPart,           // 206
    kUnsatisfiable,  // 416
  };
  Kind kind = Kind::kWhole;
  int64_t begin = 0, end = 0;  // half open; of the whole too
};

/// What `header` asks of `size` bytes.
ByteRange ParseRange(absl::string_view header, int64_t size);

}  // namespace pushbroom
