// GDAL as this program uses it: closed. InitRaster is in raster_info.h.
#pragma once

namespace pushbroom {

/// Drivers that may read what a user points to; null-terminated.
const char* const* AllowedDrivers();

}  // namespace pushbroom
