#include "workers/raster/raster_writer.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/raster/make_raster.h"

namespace pushbroom {
namespace {

class RasterWriterTest : public testing::RasterTest {
 protected:
  RasterWriterTest() {
    grid_.width = 1500;
    grid_.height = 1100;
    grid_.geotransform = {500000, 10, 0, 5000000, 0, -10};
    OGRSpatialReference srs;
    srs.importFromEPSG(32633);
    char* wkt = nullptr;
    srs.exportToWkt(&wkt);
    grid_.crs_wkt = wkt;
    CPLFree(wkt);
    options_.path = File("result.tif");
    options_.scratch_directory = scratch_.path();
  }

  static uint8_t ClassAt(int64_t x, int64_t y) {
    if (x < 100 && y < 100) return 255;
    return static_cast<uint8_t>((x / 300 + y / 300) % 2 + 1);
  }

  void WriteClasses(RasterWriter& writer) {
    std::vector<uint8_t> rows;
    const int steps[] = {1, 448, 448, 203};
    int64_t y = 0;
    for (const int n : steps) {
      rows.resize(static_cast<size_t>(n * grid_.width));
      for (int r = 0; r < n; ++r) {
        for (int64_t x = 0; x < grid_.width; ++x) {
          rows[r * grid_.width + x] = ClassAt(x, y + r);
        }
      }
      ASSERT_OK(writer.Write(y, n, rows.data()));
      y += n;
    }
  }

  GDALDatasetUniquePtr Open() {
    return GDALDatasetUniquePtr(
        GDALDataset::Open(options_.path.c_str(), GDAL_OF_RASTER));
  }

  std::vector<std::string> FilesLeft() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(scratch_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  Grid grid_;
  RasterOptions options_;
};

TEST_F(RasterWriterTest, MakesACogOfClasses) {
  options_.classes = {{1, "water", 0, 0, 255}, {2, "land", 10, 200, 30}};
  options_.band_names = {"land cover"};
  ASSERT_OK_AND_ASSIGN(auto writer, RasterWriter::Create(grid_, options_));
  WriteClasses(*writer);
  ASSERT_OK(writer->Finish());
  EXPECT_THAT(FilesLeft(), ::testing::ElementsAre("result.tif"))
      << "neither staged files nor sidecars";

  GDALDatasetUniquePtr cog = Open();
  ASSERT_NE(cog, nullptr);
  EXPECT_STREQ(cog->GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(cog->GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE"),
               "DEFLATE");
  GDALRasterBand& band = *cog->GetRasterBand(1);
  EXPECT_EQ(band.GetRasterDataType(), GDT_Byte);
  EXPECT_EQ(band.GetNoDataValue(), 255);
  EXPECT_STREQ(band.GetDescription(), "land cover");
  ASSERT_NE(band.GetColorTable(), nullptr);
  EXPECT_EQ(band.GetColorTable()->GetColorEntry(2)->c2, 200);
  EXPECT_STREQ(band.GetMetadataItem("CLASS_1"), "water");
  EXPECT_STREQ(band.GetMetadataItem("CLASS_2"), "land");
  ASSERT_GE(band.GetOverviewCount(), 2);

  std::vector<uint8_t> pixels(grid_.width * grid_.height);
  ASSERT_EQ(band.RasterIO(GF_Read, 0, 0, 1500, 1100, pixels.data(), 1500, 1100,
                          GDT_Byte, 0, 0, nullptr),
            CE_None);
  for (int64_t i = 0; i < grid_.width * grid_.height; ++i) {
    ASSERT_EQ(pixels[i], ClassAt(i % grid_.width, i / grid_.width)) << i;
  }
  GDALRasterBand& overview = *band.GetOverview(1);
  std::vector<uint8_t> small(overview.GetXSize() * overview.GetYSize());
  ASSERT_EQ(
      overview.RasterIO(GF_Read, 0, 0, overview.GetXSize(), overview.GetYSize(),
                        small.data(), overview.GetXSize(), overview.GetYSize(),
                        GDT_Byte, 0, 0, nullptr),
      CE_None);
  for (const uint8_t value : small) {
    ASSERT_TRUE(value == 1 || value == 2 || value == 255)
        << "a class that is no mix of others: " << int{value};
  }
}

TEST_F(RasterWriterTest, MakesACogOfValues) {
  options_.bands = 3;
  options_.band_names = {"clear", "cloud", "shadow"};
  options_.nodata = std::nan("");
  ASSERT_OK_AND_ASSIGN(auto writer, RasterWriter::Create(grid_, options_));
  const int n = 275;
  std::vector<float> rows(static_cast<size_t>(n) * grid_.width * 3);
  for (int64_t y = 0; y < grid_.height; y += n) {
    for (int b = 0; b < 3; ++b) {
      for (int64_t i = 0; i < n * grid_.width; ++i) {
        rows[b * n * grid_.width + i] =
            y == 0 && i == 0 ? std::nanf("") : static_cast<float>(b) + 0.25F;
      }
    }
    ASSERT_OK(writer->Write(y, n, rows.data()));
  }
  ASSERT_OK(writer->Finish());
  GDALDatasetUniquePtr cog = Open();
  ASSERT_EQ(cog->GetRasterCount(), 3);
  EXPECT_STREQ(cog->GetRasterBand(2)->GetDescription(), "cloud");
  EXPECT_TRUE(std::isnan(cog->GetRasterBand(1)->GetNoDataValue()));
  float value[2] = {0, 0};
  ASSERT_EQ(cog->GetRasterBand(3)->RasterIO(GF_Read, 0, 0, 2, 1, value, 2, 1,
                                            GDT_Float32, 0, 0, nullptr),
            CE_None);
  EXPECT_TRUE(std::isnan(value[0]));
  EXPECT_EQ(value[1], 2.25F);
  EXPECT_EQ(cog->GetRasterBand(1)->GetColorTable(), nullptr);
  EXPECT_GE(cog->GetRasterBand(1)->GetOverviewCount(), 1);
}

TEST_F(RasterWriterTest, LeavesNothingWithoutFinish) {
  options_.classes = {{1, "one", 1, 1, 1}};
  ASSERT_OK_AND_ASSIGN(auto writer, RasterWriter::Create(grid_, options_));
  WriteClasses(*writer);
  writer.reset();
  EXPECT_THAT(FilesLeft(), ::testing::IsEmpty());
}

TEST_F(RasterWriterTest, RefusesGapsAndAnUnfinishedRaster) {
  options_.classes = {{1, "one", 1, 1, 1}};
  ASSERT_OK_AND_ASSIGN(auto writer, RasterWriter::Create(grid_, options_));
  const std::vector<uint8_t> rows(static_cast<size_t>(grid_.width * 2), 1);
  ASSERT_OK(writer->Write(0, 1, rows.data()));
  EXPECT_STATUS(writer->Write(2, 1, rows.data()), absl::StatusCode::kInternal,
                "1 of 1100 comes next");
  EXPECT_STATUS(writer->Finish(), absl::StatusCode::kInternal,
                "only 1 of 1100");
}

TEST_F(RasterWriterTest, WritesWithoutAPlaceOnEarth) {
  Grid grid;
  grid.width = 30;
  grid.height = 20;
  options_.classes = {{1, "one", 1, 1, 1}};
  ASSERT_OK_AND_ASSIGN(auto writer, RasterWriter::Create(grid, options_));
  const std::vector<uint8_t> rows(600, 1);
  ASSERT_OK(writer->Write(0, 20, rows.data()));
  ASSERT_OK(writer->Finish());
  GDALDatasetUniquePtr cog = Open();
  ASSERT_NE(cog, nullptr);
  EXPECT_EQ(cog->GetSpatialRef(), nullptr);
  EXPECT_EQ(cog->GetRasterXSize(), 30);
}

}  // namespace
}  // namespace pushbroom
