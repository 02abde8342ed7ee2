#include "workers/raster/raster_info.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "schemas/geo_types.h"
#include "service/core/base/status.h"
#include "workers/raster/dataset.h"
#include "workers/raster/footprint.h"

namespace pushbroom {
namespace {

std::string StacDataType(GDALDataType type) {
  switch (type) {
    case GDT_Byte:
      return "uint8";
    case GDT_UInt16:
      return "uint16";
    case GDT_Int16:
      return "int16";
    case GDT_UInt32:
      return "uint32";
    case GDT_Int32:
      return "int32";
    case GDT_UInt64:
      return "uint64";
    case GDT_Int64:
      return "int64";
    case GDT_Float32:
      return "float32";
    case GDT_Float64:
      return "float64";
    case GDT_CInt16:
      return "cint16";
    case GDT_CInt32:
      return "cint32";
    case GDT_CFloat32:
      return "cfloat32";
    case GDT_CFloat64:
      return "cfloat64";
    default:
      return "other";
  }
}

RasterBandInfo BandInfo(GDALDataset& dataset, int number) {
  GDALRasterBand& band = *dataset.GetRasterBand(number);
  RasterBandInfo info;
  info.description = band.GetDescription();
  info.color_interpretation = absl::AsciiStrToLower(
      GDALGetColorInterpretationName(band.GetColorInterpretation()));
  info.data_type = StacDataType(band.GetRasterDataType());
  const char* signed_byte =
      band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
  if (signed_byte != nullptr && EQUAL(signed_byte, "SIGNEDBYTE")) {
    info.data_type = "int8";
  }
  int has = FALSE;
  if (const double value = band.GetNoDataValue(&has); has) info.nodata = value;
  if (const double value = band.GetScale(&has); has && value != 1) {
    info.scale = value;
  }
  if (const double value = band.GetOffset(&has); has && value != 0) {
    info.offset = value;
  }
  info.is_mask = IsAlpha(dataset, number);
  return info;
}

// "2020:04:15 10:20:30", as TIFF writes times, without a zone.
std::string TiffTime(GDALDataset& dataset) {
  const char* text = dataset.GetMetadataItem("TIFFTAG_DATETIME");
  absl::Time time;
  std::string error;
  if (text == nullptr ||
      !absl::ParseTime("%Y:%m:%d %H:%M:%S", text, &time, &error)) {
    return "";
  }
  return FormatRfc3339(time);
}

}  // namespace

absl::StatusOr<RasterInfo> ReadRasterInfo(const std::string& location) {
  PB_ASSIGN_OR_RETURN(OpenRaster raster, OpenRasterFile(location));
  RasterInfo info;
  info.driver = raster.dataset->GetDriver()->GetDescription();
  info.grid.width = raster.width();
  info.grid.height = raster.height();
  if (raster.geotransform) info.grid.geotransform = *raster.geotransform;
  SetPlace(raster.srs, info.grid);
  info.pixel_size_m = PixelSizeMetres(raster.srs, info.grid);
  for (int i = 1; i <= raster.dataset->GetRasterCount(); ++i) {
    info.bands.push_back(BandInfo(*raster.dataset, i));
  }
  info.datetime = TiffTime(*raster.dataset);
  return info;
}

}  // namespace pushbroom
