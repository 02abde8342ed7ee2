#include "workers/raster/gdal_errors.h"

namespace pushbroom {

GdalErrors::GdalErrors() { CPLPushErrorHandlerEx(&GdalErrors::Collect, this); }

GdalErrors::~GdalErrors() { CPLPopErrorHandler(); }

void GdalErrors::Collect(CPLErr level, CPLErrorNum, const char* message) {
  auto* self = static_cast<GdalErrors*>(CPLGetErrorHandlerUserData());
  if (self == nullptr || message == nullptr) return;
  std::string& place = level >= CE_Failure ? self->failure_ : self->warning_;
  if (place.empty() && level >= CE_Warning) place = message;
}

std::string GdalErrors::text() const {
  if (!failure_.empty()) return failure_;
  return warning_.empty() ? "no reason given" : warning_;
}

}  // namespace pushbroom
