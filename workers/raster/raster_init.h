// GDAL as this program uses it: closed. InitRaster is in raster_info.h.
#pragma once

#include "gdal_priv.h"

namespace pushbroom {

/// Drivers that may read what a user points to; null-terminated.
const char* const* AllowedDrivers();

/// The driver for in-memory datasets that we create ourselves. It is not
/// registered any more, so that no name a user sends can reach it.
GDALDriver& MemDriver();

}  // namespace pushbroom
