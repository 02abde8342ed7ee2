// Rasters that tests make for themselves.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gdal_priv.h"
#include "gtest/gtest.h"
#include "ogr_spatialref.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "workers/raster/raster_info.h"

namespace pushbroom::testing {

/// A folder for one test.
class RasterTest : public ::testing::Test {
 protected:
  RasterTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "raster")) {
    InitRaster();
  }
  std::string File(const std::string& name) const {
    return scratch_.File(name);
  }

  ScratchDirectory scratch_;
};

struct RasterSpec {
  int width = 8, height = 8, bands = 1;
  GDALDataType type = GDT_Byte;
  std::array<double, 6> geotransform{500000, 10, 0, 5000000, 0, -10};
  int epsg = 32633;                  // 0: none, and no geotransform
  std::vector<std::string> options;  // "TILED=YES"
  std::optional<double> nodata;
  bool mask = false;  // an internal mask band
  std::function<double(int band, int x, int y)> value =
      [](int band, int x, int y) { return band * 100 + y * 10 + x; };
  std::function<bool(int x, int y)> masked;  // false: not there
};

inline void MakeRaster(const std::string& path, const RasterSpec& spec) {
  char** create = nullptr;
  for (const std::string& option : spec.options) {
    create = CSLAddString(create, option.c_str());
  }
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
  GDALDatasetUniquePtr dataset(
      GetGDALDriverManager()->GetDriverByName("GTiff")->Create(
          path.c_str(), spec.width, spec.height, spec.bands, spec.type,
          create));
  CSLDestroy(create);
  ASSERT_NE(dataset, nullptr);
  if (spec.epsg != 0) {
    std::array<double, 6> transform = spec.geotransform;
    dataset->SetGeoTransform(transform.data());
    OGRSpatialReference srs;
    srs.importFromEPSG(spec.epsg);
    dataset->SetSpatialRef(&srs);
  }
  if (spec.nodata) dataset->GetRasterBand(1)->SetNoDataValue(*spec.nodata);
  if (spec.mask) dataset->CreateMaskBand(GMF_PER_DATASET);
  std::vector<double> row(spec.width);
  std::vector<uint8_t> there(spec.width);
  for (int y = 0; y < spec.height; ++y) {
    for (int b = 1; b <= spec.bands; ++b) {
      for (int x = 0; x < spec.width; ++x) row[x] = spec.value(b, x, y);
      ASSERT_EQ(dataset->GetRasterBand(b)->RasterIO(
                    GF_Write, 0, y, spec.width, 1, row.data(), spec.width, 1,
                    GDT_Float64, 0, 0, nullptr),
                CE_None);
    }
    if (!spec.mask) continue;
    for (int x = 0; x < spec.width; ++x) {
      there[x] = spec.masked && spec.masked(x, y) ? 0 : 255;
    }
    ASSERT_EQ(dataset->GetRasterBand(1)->GetMaskBand()->RasterIO(
                  GF_Write, 0, y, spec.width, 1, there.data(), spec.width, 1,
                  GDT_Byte, 0, 0, nullptr),
              CE_None);
  }
  dataset.reset();
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
}

}  // namespace pushbroom::testing
