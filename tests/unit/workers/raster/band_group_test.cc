#include "workers/raster/band_group.h"

#include <algorithm>
#include <cstdint>
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

}  // namespace
}  // namespace pushbroom
