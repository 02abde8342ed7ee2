#include "workers/raster/raster_library.h"

#include "gdal.h"

namespace pushbroom {

std::string RasterLibrary() {
  return std::string("gdal ") + GDALVersionInfo("RELEASE_NAME");
}

}  // namespace pushbroom
