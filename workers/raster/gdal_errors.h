// What GDAL says while something runs, as text for a Status.
#pragma once

#include <string>

#include "cpl_error.h"

namespace pushbroom {

/// Collects the errors that GDAL reports on this thread while it lives, and
/// keeps them off standard error. A CE_Failure is no verdict: GDAL 3.6 reports
/// some for reads that succeed. Look at what the call returned.
/// Thread-compatible; on the stack only, and destroyed in reverse order.
class GdalErrors {
 public:
  GdalErrors();
  ~GdalErrors();
  GdalErrors(const GdalErrors&) = delete;
  GdalErrors& operator=(const GdalErrors&) = delete;

  /// The first failure, else the first warning, else "no reason given".
  std::string text() const;

 private:
  static void CPL_STDCALL Collect(CPLErr level, CPLErrorNum number,
                                  const char* message);
  std::string failure_, warning_;
};

}  // namespace pushbroom
