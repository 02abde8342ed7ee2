// What the commands share.
#pragma once

#include <string>

#include "service/core/config/config.h"

namespace pushbroom {

void InitWorkerLogging(const Config& config);

/// "pushbroom-worker 0.1.0", LibTorch and GDAL, a line each.
std::string VersionText();

}  // namespace pushbroom
