// Which GDAL this is.
#pragma once

#include <string>

namespace pushbroom {

/// "gdal 3.6.2", of the library in use.
std::string RasterLibrary();

}  // namespace pushbroom
