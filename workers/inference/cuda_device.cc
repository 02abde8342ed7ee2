// What only CUDA has. Built where LibTorch was built with CUDA; otherwise the
// same functions do nothing.
#include "workers/inference/device.h"

#ifdef PUSHBROOM_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace pushbroom {

#ifdef PUSHBROOM_CUDA
void EmptyDeviceCache(const Device& device) {
  if (!device.is_cpu) c10::cuda::CUDACachingAllocator::emptyCache();
}
#else
void EmptyDeviceCache(const Device&) {}
#endif

}  // namespace pushbroom
