#include "workers/raster/raster_info.h"

#include <unistd.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/unit/workers/raster/make_raster.h"

namespace pushbroom {
namespace {

using testing::DataPath;
using ::testing::DoubleNear;
using testing::MakeRaster;
using ::testing::Optional;
using testing::RasterSpec;

class RasterInfoTest : public testing::RasterTest {};

constexpr char kChip[] = "oam_banepa/OAM-386690-220241-19.tif";

TEST_F(RasterInfoTest, DescribesAGeoTiff) {
  ASSERT_OK_AND_ASSIGN(RasterInfo info,
                       ReadRasterInfo(DataPath("rgb/RGB.byte.tif")));
  EXPECT_EQ(info.driver, "GTiff");
  EXPECT_EQ(info.grid.width, 791);
  EXPECT_EQ(info.grid.height, 718);
  EXPECT_EQ(info.grid.epsg, 32618);
  ASSERT_EQ(info.bands.size(), 3U);
  EXPECT_EQ(info.bands[0].data_type, "uint8");
  EXPECT_EQ(info.bands[0].color_interpretation, "red");
  EXPECT_THAT(info.bands[0].nodata, Optional(0.0));
  EXPECT_THAT(info.pixel_size_m, Optional(DoubleNear(300, 0.1)));
}

TEST_F(RasterInfoTest, KeepsBandDescriptions) {
  ASSERT_OK_AND_ASSIGN(
      RasterInfo info,
      ReadRasterInfo(DataPath("s2_l1c_testeopatch/derived/"
                              "S2_L1C_20150909_13band_uint16.tif")));
  ASSERT_EQ(info.bands.size(), 13U);
  EXPECT_EQ(info.bands[0].description, "B01");
  EXPECT_EQ(info.bands[8].description, "B8A");
  EXPECT_EQ(info.bands[0].data_type, "uint16");
}

TEST_F(RasterInfoTest, ReadsTheSidecarOfAJpeg) {
  ASSERT_OK_AND_ASSIGN(RasterInfo info, ReadRasterInfo(DataPath(kChip)));
  EXPECT_EQ(info.driver, "JPEG");
  EXPECT_EQ(info.grid.epsg, 4326);
  EXPECT_NEAR(info.grid.geotransform[0], 85.518951416015625, 1e-12);
  EXPECT_NEAR(info.grid.geotransform[3], 27.63426547568562, 1e-12);
  ASSERT_EQ(info.grid.bbox.size(), 4U);
  EXPECT_NEAR(info.grid.bbox[0], 85.519, 1e-3) << "longitude first";
  EXPECT_THAT(info.pixel_size_m, Optional(DoubleNear(0.132, 0.001)));
}

TEST_F(RasterInfoTest, ASidecarThatLeadsElsewhereIsRefused) {
  const std::string chip = File("chip.jpg");
  std::filesystem::copy_file(DataPath(kChip), chip);
  ASSERT_OK_AND_ASSIGN(RasterInfo info, ReadRasterInfo(chip));
  EXPECT_EQ(info.grid.epsg, 0) << "no sidecar, no place";
  ASSERT_EQ(symlink((DataPath(kChip) + ".aux.xml").c_str(),
                    (chip + ".aux.xml").c_str()),
            0);
  EXPECT_STATUS(ReadRasterInfo(chip), absl::StatusCode::kInvalidArgument,
                "is no plain file");
}

TEST_F(RasterInfoTest, ABadSidecarIsAnErrorNotAGuess) {
  const std::string chip = File("chip.jpg");
  std::filesystem::copy_file(DataPath(kChip), chip);
  ASSERT_OK(WriteFileAtomically(chip + ".aux.xml",
                                "<PAMDataset><GeoTransform>1, 2, 3"
                                "</GeoTransform></PAMDataset>"));
  EXPECT_STATUS(ReadRasterInfo(chip), absl::StatusCode::kInvalidArgument,
                "bad GeoTransform");
  ASSERT_OK(WriteFileAtomically(
      chip + ".aux.xml",
      "<PAMDataset><SRS>/etc/passwd</SRS><GeoTransform>1,1,0,1,0,-1"
      "</GeoTransform></PAMDataset>"));
  EXPECT_STATUS(ReadRasterInfo(chip), absl::StatusCode::kInvalidArgument,
                "no WKT");
}

TEST_F(RasterInfoTest, OnlyAnRgbaFilesFourthBandCountsAsMask) {
  ASSERT_OK_AND_ASSIGN(
      RasterInfo flagged,
      ReadRasterInfo(DataPath("naip/m_3211605_ne_11_060_20200415.tif")));
  EXPECT_TRUE(flagged.bands[3].is_mask);
  EXPECT_EQ(flagged.bands[3].color_interpretation, "alpha");
  ASSERT_OK_AND_ASSIGN(
      RasterInfo plain,
      ReadRasterInfo(DataPath("naip/m_4112001_sw_10_060_20220716.tif")));
  EXPECT_FALSE(plain.bands[3].is_mask);
}

TEST_F(RasterInfoTest, SaysWhatIsMissingAndWhatIsNoRaster) {
  EXPECT_STATUS(ReadRasterInfo(File("absent.tif")), absl::StatusCode::kNotFound,
                "absent.tif");
  ASSERT_OK(WriteFileAtomically(File("text.tif"), "not a picture"));
  EXPECT_STATUS(ReadRasterInfo(File("text.tif")),
                absl::StatusCode::kInvalidArgument,
                "not a raster of an allowed format");
  EXPECT_STATUS(ReadRasterInfo(scratch_.path()),
                absl::StatusCode::kInvalidArgument, "is no file");
}

TEST_F(RasterInfoTest, ReadsTheTimeOfATiff) {
  RasterSpec spec;
  MakeRaster(File("timed.tif"), spec);
  GDALDatasetUniquePtr dataset(
      GDALDataset::Open(File("timed.tif").c_str(), GDAL_OF_UPDATE));
  dataset->SetMetadataItem("TIFFTAG_DATETIME", "2020:04:15 10:20:30");
  dataset.reset();
  ASSERT_OK_AND_ASSIGN(RasterInfo info, ReadRasterInfo(File("timed.tif")));
  EXPECT_EQ(info.datetime, "2020-04-15T10:20:30Z");
}

}  // namespace
}  // namespace pushbroom
