// Memory of this process, as the kernel counts it.
#pragma once

#include <cstdint>

namespace pushbroom {

/// The most that was resident at once since the process began (VmHWM), bytes;
/// 0 if the kernel does not say.
int64_t PeakMemoryBytes();

}  // namespace pushbroom
