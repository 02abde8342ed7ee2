#include "service/core/base/clock.h"

#include "absl/time/clock.h"

namespace pushbroom {
namespace {
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};
}  // namespace

Clock& Clock::System() {
  static SystemClock clock;
  return clock;
}

}  // namespace pushbroom
