// What a job gets from the worker that runs it.
#pragma once

#include <functional>
#include <string>

#include "service/core/base/cancellation.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

struct RunContext {
  std::string lease_token;        // part of every key the attempt writes
  std::string scratch_directory;  // of this attempt; removed after it
  // Tells how far the job is; cheap, may be called for every tile. Never null.
  std::function<void(const Progress&)> progress = [](const Progress&) {};
  CancelToken cancel;
};

/// Storage prefix of what one attempt of a job writes.
inline std::string AttemptPrefix(const std::string& job_id,
                                 const std::string& lease_token) {
  return "results/" + job_id + "/" + lease_token;
}

}  // namespace pushbroom
