// `pushbroom-worker serve`: a worker of a service, or on its own.
#pragma once

#include <string>

namespace pushbroom {

struct ServeFlags {
  int config_fd = -1;          // the service hands the configuration over
  std::string config_file;     // else a file, and the environment
  std::string data_dir, pool;  // over what the file says; empty: as it says
  std::string worker_id;       // empty: a new one
  int parent_fd = -1;          // closed by the kernel when the service is gone
  int ops_port = -1;           // -1: as configured
};

/// Gives the exit code: 0 drained, 1 it could not start (the log says why).
int Serve(const ServeFlags& flags);

}  // namespace pushbroom
