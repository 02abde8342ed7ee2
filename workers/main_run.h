// `pushbroom-worker run`: one job, no server.
#pragma once

#include <string>
#include <vector>

namespace pushbroom {

struct RunFlags {
  std::string model_item;           // path
  std::vector<std::string> scenes;  // rasters, STAC Items, URLs
  std::string output;               // directory, made if absent
  std::vector<std::string> inputs;  // NAME=VALUE
  std::string config_file;
  bool json = false;
};

/// Writes <output>/classes.tif, probabilities.tif if asked for, and item.json.
/// Exit codes: 0 written, 1 the job failed, 2 wrong arguments, 3 the model
/// cannot run here, 4 the model item is refused.
int RunOnce(const RunFlags& flags);

}  // namespace pushbroom
