#include "workers/inference/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/Device.h>
#include <sched.h>
#include <torch/version.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

// CPU time per period that the cgroup grants, in cores; 0: no limit.
double CgroupQuota() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0) {
    return std::stod(quota) / period;
  }
  std::ifstream v1("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double limit = 0;
  if (v1 >> limit && v1_period >> period && limit > 0 && period > 0) {
    return limit / period;
  }
  return 0;
}

int CudaDevices() {
  return at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
}

}  // namespace

int AvailableCores() {
  cpu_set_t set;
  int cores = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cores = CPU_COUNT(&set);
  try {
    const double quota = CgroupQuota();
    if (quota > 0) cores = std::min(cores, static_cast<int>(quota + 0.999));
  } catch (const std::exception&) {
    // An unreadable quota is no quota.
  }
  return std::max(1, cores);
}

absl::StatusOr<Device> FindDevice(const std::string& wanted, int threads) {
  static std::once_flag once;
  std::call_once(once, [] { at::set_num_interop_threads(1); });
  Device device;
  device.name = "cpu";
  device.threads = threads > 0 ? threads : AvailableCores();
  try {
    if (wanted == "cpu") return device;
    const int gpus = CudaDevices();
    if (wanted == "auto" || wanted.empty()) {
      if (gpus == 0) return device;
      device.name = "cuda:0";
    } else {
      const c10::Device parsed(wanted == "cuda" ? "cuda:0" : wanted);
      if (!parsed.is_cuda()) {
        return absl::InvalidArgumentError(
            absl::StrCat("device \"", wanted,
                         "\" is not served; expected auto, cpu or cuda:n"));
      }
      if (parsed.index() >= gpus) {
        return absl::FailedPreconditionError(absl::StrCat(
            "device ", wanted, " is not here: ", gpus, " CUDA devices"));
      }
      device.name = parsed.str();
    }
    device.is_cpu = false;
    return device;
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("device \"", wanted, "\": ", error.what()));
  }
}

void PrepareInferenceThread(int threads) {
  at::set_num_threads(threads);
  // Activations near zero would otherwise be slow beyond measure.
  at::globalContext().setFlushDenormal(true);
}

std::string RuntimeName() { return absl::StrCat("libtorch ", TORCH_VERSION); }

}  // namespace pushbroom
