#include "workers/main_config.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "service/core/base/log.h"
#include "workers/inference/device.h"
#include "workers/raster/raster_library.h"

namespace pushbroom {

void InitWorkerLogging(const Config& config) {
  const std::string& name = config.log.level;
  const LogLevel level = name == "debug"     ? LogLevel::kDebug
                         : name == "warning" ? LogLevel::kWarning
                         : name == "error"   ? LogLevel::kError
                                             : LogLevel::kInfo;
  const bool text = config.log.format == "text" ||
                    (config.log.format == "auto" && ::isatty(STDERR_FILENO));
  InitLogging("pushbroom-worker", level,
              text ? LogFormat::kText : LogFormat::kJson);
}

std::string VersionText() {
  return absl::StrCat("pushbroom-worker ", PUSHBROOM_VERSION, "\n",
                      RuntimeName(), "\n", RasterLibrary());
}

}  // namespace pushbroom
