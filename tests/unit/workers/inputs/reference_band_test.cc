#include "workers/inputs/reference_band.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/workers/inputs/model_bands.h"

namespace pushbroom {
namespace {

using testing::Bands;

RasterInfo Info(double pixel) {
  RasterInfo info;
  info.grid.geotransform = {0, pixel, 0, 0, 0, -pixel};
  info.pixel_size_m = pixel;
  return info;
}

TEST(ReferenceBandTest, WithoutGsdTheFinestBandGivesTheGrid) {
  const RasterInfo a = Info(30), b = Info(15), c = Info(30);
  const ReferenceChoice choice = ChooseReference(
      Bands({"a", "b", "c"}), {&a, &b, &c}, {false, false, false}, false);
  EXPECT_EQ(choice.band, 1);
  EXPECT_EQ(choice.decimation, 1);
}

TEST(ReferenceBandTest, TheModelsGsdPicksTheNearestBand) {
  auto bands = Bands({"a", "b"});
  bands[0].gsd = 30;
  const RasterInfo a = Info(14.99), b = Info(29.9);
  const ReferenceChoice choice =
      ChooseReference(bands, {&a, &b}, {false, false}, false);
  EXPECT_EQ(choice.band, 1);
  EXPECT_EQ(choice.decimation, 1);
}

TEST(ReferenceBandTest, FinerPixelsAreGrouped) {
  auto bands = Bands({"a"});
  bands[0].gsd = 0.26;
  const RasterInfo chip = Info(0.132);
  EXPECT_EQ(ChooseReference(bands, {&chip}, {false}, false).decimation, 2);
  EXPECT_THAT(ChooseReference(bands, {&chip}, {false}, false).note,
              ::testing::HasSubstr("2 by 2"));
  EXPECT_EQ(ChooseReference(bands, {&chip}, {false}, true).decimation, 1)
      << "the request has a resolution of its own";
  const RasterInfo coarse = Info(0.6);
  const ReferenceChoice choice =
      ChooseReference(bands, {&coarse}, {false}, false);
  EXPECT_EQ(choice.decimation, 1);
  EXPECT_THAT(choice.note, ::testing::HasSubstr("coarser"));
}

TEST(ReferenceBandTest, CategoricalBandsGiveTheGridOnlyIfNothingElseDoes) {
  const RasterInfo mask = Info(10), band = Info(20);
  EXPECT_EQ(
      ChooseReference(Bands({"m", "b"}), {&mask, &band}, {true, false}, false)
          .band,
      1);
}

}  // namespace
}  // namespace pushbroom
