#include "workers/raster/raster_init.h"

#include <cerrno>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cpl_conv.h"
#include "cpl_vsi_virtual.h"
#include "gdal_priv.h"
#include "ogr_spatialref.h"
#include "service/core/base/log.h"
#include "workers/raster/raster_info.h"

namespace pushbroom {
namespace {

constexpr const char* kReaders[] = {"GTiff", "JP2OpenJPEG", "JPEG", "PNG",
                                    nullptr};

// Blocks of one raster are read once and dropped, so the cache only has to
// hold what one pass over some block columns or one warped row needs. A share
// of the machine's memory, GDAL's own default, says nothing in a container. It
// comes on top of the pipeline's memory when the COG is made, and is what a
// tall scene needs more than a short one.
constexpr GIntBig kCacheBytes = GIntBig{48} << 20;

/// A file system in which there is nothing.
class RefusingHandler final : public VSIFilesystemHandler {
 public:
  VSIVirtualHandle* Open(const char*, const char*, bool,
                         CSLConstList) override {
    errno = EACCES;
    return nullptr;
  }
  int Stat(const char*, VSIStatBufL*, int) override {
    errno = EACCES;
    return -1;
  }
};

// Every handler that leaves the machine, starts from standard input, or opens
// a second file inside the first, in all spellings that GDAL registers.
constexpr const char* kRefusedPrefixes[] = {"/vsicurl/",
                                            "/vsicurl?",
                                            "/vsicurl_streaming/",
                                            "/vsis3/",
                                            "/vsis3_streaming/",
                                            "/vsigs/",
                                            "/vsigs_streaming/",
                                            "/vsiaz/",
                                            "/vsiaz_streaming/",
                                            "/vsiadls/",
                                            "/vsioss/",
                                            "/vsioss_streaming/",
                                            "/vsiswift/",
                                            "/vsiswift_streaming/",
                                            "/vsihdfs/",
                                            "/vsiwebhdfs/",
                                            "/vsistdin/",
                                            "/vsistdin?",
                                            "/vsistdout/",
                                            "/vsistdout_redirect/",
                                            "/vsisparse/",
                                            "/vsisubfile/",
                                            "/vsizip/",
                                            "/vsitar/",
                                            "/vsigzip/",
                                            "/vsicrypt/",
                                            "/vsi7z/",
                                            "/vsirar/",
                                            "/vsicached?"};

constexpr const char* kOptions[][2] = {
    // No directory listing and no sidecar: neither probes on a server nor
    // files that a user did not name.
    {"GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR"},
    {"GDAL_PAM_ENABLED", "NO"},
    {"GDAL_DRIVER_PATH", "disable"},
    {"GDAL_VRT_ENABLE_PYTHON", "NO"},
    {"VRT_ALLOW_MEM_DRIVER", "NO"},
    {"CPL_ALLOW_VSISTDIN", "NO"},
    {"GDAL_HTTP_NETRC", "NO"},
    {"GDAL_MAX_BAND_COUNT", "512"},
    // Reading a planar GeoTIFF with extra samples by several threads is broken
    // in GDAL 3.6 and 3.7.0 (gdal issue 7921).
    {"GDAL_NUM_THREADS", "1"},
};

void OnError(CPLErr level, CPLErrorNum, const char* message) {
  if (level < CE_Warning) return;
  Log(LogLevel::kDebug, "gdal", {{"text", message}});
}

void Init() {
  CPLSetErrorHandler(&OnError);
  for (const auto& [name, value] : kOptions) CPLSetConfigOption(name, value);
  OSRSetPROJEnableNetwork(FALSE);
  GDALSetCacheMax64(kCacheBytes);
  GDALAllRegister();
  GDALDriverManager& manager = *GetGDALDriverManager();
  std::set<std::string> kept = {"COG"};
  for (const char* name : kReaders) {
    if (name != nullptr) kept.insert(name);
  }
  for (int i = manager.GetDriverCount() - 1; i >= 0; --i) {
    GDALDriver* driver = manager.GetDriver(i);
    if (kept.count(driver->GetDescription()) == 0) {
      manager.DeregisterDriver(driver);
      delete driver;  // it is ours from here on
    }
  }
  // Nobody owns a handler that was replaced. They stay known for as long as
  // datasets may live, which is until the process ends.
  static auto* replaced = new std::vector<VSIFilesystemHandler*>;
  for (const char* prefix : kRefusedPrefixes) {
    replaced->push_back(VSIFileManager::GetHandler(prefix));
    VSIFileManager::InstallHandler(prefix, new RefusingHandler);
  }
}

}  // namespace

void InitRaster() {
  static std::once_flag once;
  std::call_once(once, &Init);
}

const char* const* AllowedDrivers() { return kReaders; }

}  // namespace pushbroom
