#include "workers/raster/band_group.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/raster/make_raster.h"
#include "workers/raster/dataset.h"

namespace pushbroom {
namespace {

using testing::MakeRaster;
using testing::RasterSpec;

class BandGroupTest : public testing::RasterTest {};

RasterSpec TallBlocks() {
  RasterSpec spec;
  spec.width = 40;
  spec.height = 70;
  spec.bands = 3;
  spec.type = GDT_UInt16;
  spec.options = {"INTERLEAVE=PIXEL", "BLOCKYSIZE=64"};
  spec.value = [](int band, int x, int y) {
    return band * 10000 + y * 100 + x;
  };
  return spec;
}

std::vector<GroupBand> ThreeBands() {
  return {{1, 0, {}, false}, {2, 1, {}, false}, {3, 2, {}, false}};
}

TEST_F(BandGroupTest, RowsTooLargeToKeepAreReadAgainWithTheSameValues) {
  const RasterSpec spec = TallBlocks();
  MakeRaster(File("tall.tif"), spec);
  Grid grid;
  grid.width = spec.width;
  grid.height = spec.height;
  // Nothing may be kept; a few of the rows may; all may.
  for (const int64_t limit :
       {int64_t{0}, int64_t{40 * 7 * 20}, kMaxCarryBytes}) {
    ASSERT_OK_AND_ASSIGN(OpenRaster raster, OpenRasterFile(File("tall.tif")));
    const auto group =
        MakeAlignedGroup(std::move(raster), ThreeBands(), {}, 0, 0, grid,
                         SampleType::kUint16, {}, limit);
    constexpr int kRows = 9;
    for (int y = 0; y < spec.height; y += kRows) {
      const int rows = std::min(kRows, spec.height - y);
      const size_t plane = static_cast<size_t>(rows) * spec.width;
      std::vector<uint16_t> samples(3 * plane);
      std::vector<uint8_t> valid(plane, 1);
      ASSERT_OK(group->Read(y, rows, {samples.data(), plane, valid.data()}));
      for (int b = 1; b <= 3; ++b) {
        for (size_t i = 0; i < plane; ++i) {
          const int x = static_cast<int>(i) % spec.width;
          const int row = y + static_cast<int>(i) / spec.width;
          ASSERT_EQ(samples[(b - 1) * plane + i], spec.value(b, x, row))
              << limit << " at " << x << ", " << row;
        }
      }
    }
  }
}

std::vector<float> Resample(const std::string& path, const AxisMap& columns,
                            const AxisMap& rows, int64_t pass_bytes) {
  Grid grid;
  grid.width = 4;
  grid.height = 3;
  auto raster = OpenRasterFile(path);
  EXPECT_OK(raster);
  const auto group =
      MakeResampledGroup(*std::move(raster), ThreeBands(), {}, columns, rows,
                         grid, SampleType::kFloat32, pass_bytes);
  std::vector<float> samples(3 * 12);
  std::vector<uint8_t> valid(12, 1);
  EXPECT_OK(group->Read(0, 3, {samples.data(), 12, valid.data()}));
  for (const uint8_t v : valid) EXPECT_EQ(v, 1);
  return samples;
}

TEST_F(BandGroupTest, ManySourceRowsAreAddedUpInPartsToTheSameMean) {
  const RasterSpec spec = TallBlocks();
  MakeRaster(File("tall.tif"), spec);
  const AxisMap columns{0, 10, 40}, rows{0, 70.0 / 3, 70};
  const std::vector<float> whole =
      Resample(File("tall.tif"), columns, rows, kPassBytes);
  // Columns 10 to 19 have the mean 14.5; rows 0 to 22 and a third of row 23.
  EXPECT_NEAR(whole[1], 10000 + 14.5 + 100 * (253 + 23 / 3.0) / (70 / 3.0),
              0.05);
  // One row, a few rows, one target row at a time.
  for (const int64_t bytes : {1, 1000, 5000}) {
    EXPECT_EQ(Resample(File("tall.tif"), columns, rows, bytes), whole) << bytes;
  }
}

TEST_F(BandGroupTest, ALineTooLongToHoldIsRefusedWithItsRatio) {
  constexpr int kWidth = 12000000;
  char** create = CSLAddString(nullptr, "SPARSE_OK=YES");
  create = CSLAddString(create, "TILED=YES");
  GDALDatasetUniquePtr dataset(
      GetGDALDriverManager()->GetDriverByName("GTiff")->Create(
          File("wide.tif").c_str(), kWidth, 16, 1, GDT_Byte, create));
  CSLDestroy(create);
  ASSERT_NE(dataset, nullptr);
  dataset.reset();
  ASSERT_OK_AND_ASSIGN(OpenRaster raster, OpenRasterFile(File("wide.tif")));
  Grid grid;
  grid.width = 4;
  grid.height = 1;
  const auto group = MakeResampledGroup(
      std::move(raster), {{1, 0, {}, false}}, {}, {0, kWidth / 4.0, kWidth},
      {0, 16, 16}, grid, SampleType::kFloat32);
  std::vector<float> samples(4);
  std::vector<uint8_t> valid(4, 1);
  EXPECT_STATUS(group->Read(0, 1, {samples.data(), 4, valid.data()}),
                absl::StatusCode::kInvalidArgument,
                "12000000 columns at once (ratio 3e+06), more than 11184810");
}

}  // namespace
}  // namespace pushbroom
