#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gdal_alg.h"
#include "gdalwarper.h"
#include "service/core/base/status.h"
#include "workers/raster/band_group.h"
#include "workers/raster/gdal_errors.h"

namespace pushbroom {
namespace {

// Where a pixel is sought may be wrong by this share of a source pixel.
constexpr double kMaxError = 0.125;
constexpr double kWarpBytes = 64 << 20;

std::string Wkt(const OGRSpatialReference& srs) {
  const char* const options[] = {"FORMAT=WKT2_2019", nullptr};
  char* text = nullptr;
  std::string wkt;
  if (srs.exportToWkt(&text, options) == OGRERR_NONE) wkt = text;
  CPLFree(text);
  return wkt;
}

struct OptionsDeleter {
  void operator()(GDALWarpOptions* options) const {
    GDALDestroyWarpOptions(options);
  }
};
using WarpOptions = std::unique_ptr<GDALWarpOptions, OptionsDeleter>;

// The transformer from the grid's pixels to the raster's; null if there is no
// way between the two CRSs.
void* MakeTransformer(const OpenRaster& raster, const TargetGrid& target) {
  char** options = nullptr;
  options = CSLSetNameValue(options, "SRC_SRS", Wkt(raster.srs).c_str());
  options = CSLSetNameValue(options, "DST_SRS", Wkt(target.srs).c_str());
  void* exact = GDALCreateGenImgProjTransformer2(
      GDALDataset::ToHandle(raster.dataset.get()), nullptr, options);
  CSLDestroy(options);
  if (exact == nullptr) return nullptr;
  GDALSetGenImgProjTransformerDstGeoTransform(exact,
                                              target.grid.geotransform.data());
  void* fast =
      GDALCreateApproxTransformer(&GDALGenImgProjTransform, exact, kMaxError);
  GDALApproxTransformerOwnsSubtransformer(fast, TRUE);
  return fast;
}

// How much coarser the grid is than the raster, from one pixel at the centre.
double Coarseness(const TargetGrid& target, void* transformer) {
  const double col = static_cast<double>(target.grid.width) / 2;
  const double row = static_cast<double>(target.grid.height) / 2;
  double x[] = {col, col + 1, col}, y[] = {row, row, row + 1}, z[] = {0, 0, 0};
  int ok[] = {0, 0, 0};
  GDALApproxTransform(transformer, TRUE, 3, x, y, z, ok);
  if (!ok[0] || !ok[1] || !ok[2]) return 1;
  return std::max(std::hypot(x[1] - x[0], y[1] - y[0]),
                  std::hypot(x[2] - x[0], y[2] - y[0]));
}

}  // namespace

absl::StatusOr<OpenRaster> Warp(const OpenRaster& raster,
                                const std::vector<GroupBand>& bands,
                                const TargetGrid& target) {
  const std::string name = DisplayName(raster.location);
  if (raster.from_sidecar) {
    return absl::UnimplementedError(absl::StrCat(
        name,
        " has its georeference in a sidecar and another CRS or rotation "
        "than the grid; only the band that gives the grid may"));
  }
  GdalErrors errors;
  void* transformer = MakeTransformer(raster, target);
  if (transformer == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        " cannot be brought onto the grid of the scene: ", errors.text()));
  }
  const int count = static_cast<int>(bands.size());
  GDALDataset& source = *raster.dataset;
  WarpOptions options(GDALCreateWarpOptions());
  options->hSrcDS = GDALDataset::ToHandle(&source);
  options->dfWarpMemoryLimit = kWarpBytes;
  switch (ChooseMode(bands[0].nearest, Coarseness(target, transformer), 1)) {
    case ResampleMode::kNearest:
      options->eResampleAlg = GRA_NearestNeighbour;
      break;
    case ResampleMode::kBilinear:
      options->eResampleAlg = GRA_Bilinear;
      break;
    case ResampleMode::kAverage:
      options->eResampleAlg = GRA_Average;
      break;
  }
  options->papszWarpOptions =
      CSLSetNameValue(options->papszWarpOptions, "INIT_DEST", "0");
  options->pTransformerArg = transformer;
  options->pfnTransformer = &GDALApproxTransform;
  GDALWarpInitDefaultBandMapping(options.get(), count);
  bool nodata = false;
  bool alpha_asked = false;
  for (int i = 0; i < count; ++i) {
    options->panSrcBands[i] = bands[i].band;
    options->panDstBands[i] = i + 1;
    nodata = nodata || !bands[i].nodata.empty();
    alpha_asked = alpha_asked || IsAlpha(source, bands[i].band);
  }
  options->nDstAlphaBand = count + 1;
  if (IsAlpha(source, source.GetRasterCount()) && !alpha_asked) {
    options->nSrcAlphaBand = source.GetRasterCount();
  }
  if (nodata) {
    GDALWarpInitSrcNoDataReal(options.get(), 0);
    for (int i = 0; i < count; ++i) {
      options->padfSrcNoDataReal[i] = bands[i].nodata.front();
    }
  }
  std::array<double, 6> transform = target.grid.geotransform;
  OpenRaster warped;
  warped.location = raster.location;
  // It owns the transformer from here on.
  warped.dataset.reset(GDALDataset::FromHandle(GDALCreateWarpedVRT(
      GDALDataset::ToHandle(&source), static_cast<int>(target.grid.width),
      static_cast<int>(target.grid.height), transform.data(), options.get())));
  if (warped.dataset == nullptr) {
    GDALDestroyTransformer(transformer);
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        " cannot be brought onto the grid of the scene: ", errors.text()));
  }
  warped.geotransform = target.grid.geotransform;
  warped.srs = target.srs;
  return warped;
}

}  // namespace pushbroom
