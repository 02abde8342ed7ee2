// The device a worker computes on. LibTorch's generic devices, streams and
// guards are used throughout; what only CUDA has is in cuda_device.cc.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace pushbroom {

struct Device {
  std::string name;  // "cpu", "cuda:0"
  bool is_cpu = true;
  int threads = 1;  // of one forward on the CPU
};

/// `wanted`: "auto", "cpu", "cuda" or "cuda:n". `threads` 0: as many as this
/// process may use (affinity and cgroup quota). kFailedPrecondition if there is
/// no such device.
absl::StatusOr<Device> FindDevice(const std::string& wanted, int threads);

/// Cores that this process may keep busy: sched_getaffinity, then the quota of
/// cgroup v2 (cpu.max) or v1. At least 1.
int AvailableCores();

/// Settings of LibTorch that belong to a thread; first thing on each.
void PrepareInferenceThread(int threads);

/// "libtorch 1.13.1"
std::string RuntimeName();

/// Gives cached device memory back; nothing on the CPU.
void EmptyDeviceCache(const Device& device);

}  // namespace pushbroom
