#include "workers/raster/dataset.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"
#include "workers/raster/gated_vsi.h"
#include "workers/raster/gdal_errors.h"
#include "workers/raster/raster_info.h"
#include "workers/raster/raster_init.h"
#include "workers/raster/sidecar.h"

namespace pushbroom {
namespace {

constexpr char kGate[] = "/vsigate/";
constexpr int kMaxBands = 512;
constexpr int64_t kMaxBlockBytes = int64_t{64} << 20;  // of one band
// Where pixels are interleaved, a block is decoded for all bands at once.
constexpr int64_t kMaxInterleavedBytes = int64_t{256} << 20;
// A small file may declare a huge raster. Deflate cannot shrink more than
// about a thousand times.
constexpr double kMaxExpansion = 2000;
constexpr double kAlwaysAllowedBytes = 256.0 * (1 << 20);

absl::Status CheckPath(const std::string& location) {
  // Whatever GDAL reads as something else than a plain path ("MEM:::…",
  // "GTIFF_DIR:…", XML, /vsi…) never gets to it.
  if (location.empty() || location[0] != '/' ||
      (absl::StartsWithIgnoreCase(location, "/vsi") && !IsRemote(location))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", location, "\" is not the path of a raster"));
  }
  if (IsRemote(location)) return absl::OkStatus();
  struct stat info {};
  if (stat(location.c_str(), &info) != 0) {
    if (errno == EACCES) {
      return absl::PermissionDeniedError(
          absl::StrCat(location, " may not be read"));
    }
    return absl::NotFoundError(absl::StrCat(location, " does not exist"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(location, " is no file"));
  }
  return absl::OkStatus();
}

absl::Status CheckLimits(const std::string& location, GDALDataset& dataset) {
  const int bands = dataset.GetRasterCount();
  const std::string name = DisplayName(location);
  if (bands < 1) {
    return absl::InvalidArgumentError(absl::StrCat(name, " has no bands"));
  }
  if (bands > kMaxBands) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has ", bands, " bands, more than ", kMaxBands));
  }
  double declared = 0, blocks = 0;
  for (int i = 1; i <= bands; ++i) {
    GDALRasterBand* band = dataset.GetRasterBand(i);
    const int64_t size = GDALGetDataTypeSizeBytes(band->GetRasterDataType());
    int width = 0, height = 0;
    band->GetBlockSize(&width, &height);
    const double block = static_cast<double>(width) * height * size;
    if (block > kMaxBlockBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " is stored in blocks of ", width, " x ", height, " pixels (",
          static_cast<int64_t>(block), " bytes), more than ", kMaxBlockBytes,
          " bytes; store it tiled"));
    }
    blocks += block;
    declared += static_cast<double>(dataset.GetRasterXSize()) *
                dataset.GetRasterYSize() * size;
  }
  const char* interleave =
      dataset.GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE");
  if (interleave != nullptr && EQUAL(interleave, "PIXEL") &&
      blocks > kMaxInterleavedBytes) {
    int width = 0, height = 0;
    dataset.GetRasterBand(1)->GetBlockSize(&width, &height);
    return absl::InvalidArgumentError(absl::StrCat(
        name, " is stored in pixel-interleaved blocks of ", width, " x ",
        height, " pixels and ", bands, " bands (", static_cast<int64_t>(blocks),
        " bytes), more than ", kMaxInterleavedBytes,
        " bytes; store it in smaller tiles or band by band"));
  }
  VSIStatBufL info;
  if (declared > kAlwaysAllowedBytes &&
      VSIStatL(location.c_str(), &info) == 0 &&
      declared > kMaxExpansion * static_cast<double>(info.st_size)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " declares ", dataset.GetRasterXSize(), " x ",
                     dataset.GetRasterYSize(), " pixels in ", bands,
                     " bands, more than ", kMaxExpansion, " times the ",
                     static_cast<int64_t>(info.st_size), " bytes it has"));
  }
  return absl::OkStatus();
}

absl::Status TakeGeoreference(OpenRaster& raster) {
  std::array<double, 6> transform{};
  if (raster.dataset->GetGeoTransform(transform.data()) == CE_None) {
    raster.geotransform = transform;
  }
  if (const auto* srs = raster.dataset->GetSpatialRef()) raster.srs = *srs;
  const std::string driver = raster.dataset->GetDriver()->GetDescription();
  if (!raster.geotransform && !IsRemote(raster.location) &&
      (driver == "JPEG" || driver == "PNG")) {
    PB_ASSIGN_OR_RETURN(std::optional<Sidecar> sidecar,
                        ReadSidecar(raster.location));
    if (sidecar) {
      raster.geotransform = sidecar->geotransform;
      raster.srs = sidecar->srs;
      raster.from_sidecar = true;
    }
  }
  if (raster.geotransform) {
    const auto& g = *raster.geotransform;
    bool finite = true;
    for (double value : g) finite = finite && std::isfinite(value);
    if (!finite || std::abs(g[1] * g[5] - g[2] * g[4]) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(DisplayName(raster.location),
                       " has a georeference that is not invertible"));
    }
  } else {
    raster.srs.Clear();
  }
  if (raster.has_srs()) {
    raster.srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  }
  return absl::OkStatus();
}

}  // namespace

bool IsRemote(const std::string& location) {
  return absl::StartsWith(location, kGate);
}

std::string DisplayName(const std::string& location) {
  if (!IsRemote(location)) return location;
  return UrlForMessage(absl::StripPrefix(location, kGate));
}

absl::Status ReadError(const std::string& location, const std::string& text) {
  if (IsRemote(location)) {
    if (absl::Status gate = GatedError(location); !gate.ok()) return gate;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(DisplayName(location), ": ", text));
}

bool IsAlpha(GDALDataset& dataset, int band) {
  const int count = dataset.GetRasterCount();
  return (count == 4 || count == 2) && band == count &&
         dataset.GetRasterBand(band)->GetColorInterpretation() == GCI_AlphaBand;
}

absl::StatusOr<OpenRaster> OpenRasterFile(const std::string& location) {
  InitRaster();
  PB_RETURN_IF_ERROR(CheckPath(location));
  GdalErrors errors;
  OpenRaster raster;
  raster.location = location;
  raster.dataset.reset(GDALDataset::Open(
      location.c_str(),
      GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
      AllowedDrivers(), nullptr, nullptr));
  if (raster.dataset == nullptr) {
    return ReadError(
        location,
        absl::StrCat("not a raster of an allowed format (GeoTIFF, JPEG 2000, "
                     "JPEG, PNG): ",
                     errors.text()));
  }
  PB_RETURN_IF_ERROR(CheckLimits(location, *raster.dataset));
  PB_RETURN_IF_ERROR(TakeGeoreference(raster));
  return raster;
}

}  // namespace pushbroom
