#include "workers/raster/scene_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/unit/workers/raster/make_raster.h"

namespace pushbroom {
namespace {

using testing::DataPath;
using testing::MakeRaster;
using testing::RasterSpec;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kUtm33[] = "http://www.opengis.net/def/crs/EPSG/0/32633";

class SceneReaderTest : public testing::RasterTest {};

/// A scene read in strips of `step` rows, as doubles.
struct Pixels {
  int64_t width = 0, height = 0;
  std::vector<double> samples;  // band by band
  std::vector<uint8_t> valid;
  double at(int band, int64_t x, int64_t y) const {
    return samples[(band * height + y) * width + x];
  }
  bool valid_at(int64_t x, int64_t y) const { return valid[y * width + x]; }
};

template <typename T>
void Append(const std::vector<uint8_t>& bytes, size_t count, double* out) {
  const T* typed = reinterpret_cast<const T*>(bytes.data());
  std::copy(typed, typed + count, out);
}

Pixels ReadAll(SceneReader& reader, int step) {
  Pixels pixels;
  pixels.width = reader.width();
  pixels.height = reader.height();
  const int64_t plane = pixels.width * pixels.height;
  pixels.samples.resize(plane * reader.bands());
  pixels.valid.resize(plane);
  for (int64_t y = 0; y < pixels.height; y += step) {
    const int rows =
        static_cast<int>(std::min<int64_t>(step, pixels.height - y));
    const size_t n = static_cast<size_t>(rows) * pixels.width;
    // A stride with a gap: the reader must not assume there is none.
    const size_t stride = n + 3;
    std::vector<uint8_t> bytes(stride * reader.bands() * SizeOf(reader.type()));
    std::vector<uint8_t> valid(n, 7);
    const absl::Status status =
        reader.Read(y, rows, {bytes.data(), stride, valid.data()});
    EXPECT_TRUE(status.ok()) << status;
    for (int b = 0; b < reader.bands(); ++b) {
      const size_t size = SizeOf(reader.type());
      const std::vector<uint8_t> part(bytes.begin() + b * stride * size,
                                      bytes.begin() + (b * stride + n) * size);
      double* out = pixels.samples.data() + b * plane + y * pixels.width;
      switch (reader.type()) {
        case SampleType::kUint8:
          Append<uint8_t>(part, n, out);
          break;
        case SampleType::kUint16:
          Append<uint16_t>(part, n, out);
          break;
        case SampleType::kInt16:
          Append<int16_t>(part, n, out);
          break;
        case SampleType::kFloat32:
          Append<float>(part, n, out);
          break;
      }
    }
    std::copy(valid.begin(), valid.end(),
              pixels.valid.begin() + y * pixels.width);
  }
  return pixels;
}

RasterBand Band(const std::string& path, int band = 1) {
  RasterBand result;
  result.location = path;
  result.band = band;
  return result;
}

double Value(int band, int x, int y) {
  return (band * 7919 + x * 31 + y * 17) % 251;
}

TEST_F(SceneReaderTest, StripsOfAnySizeGiveThePixelsOfTheFile) {
  RasterSpec spec;
  spec.width = 150;
  spec.height = 200;
  spec.bands = 3;
  spec.value = Value;
  for (const char* interleave : {"INTERLEAVE=PIXEL", "INTERLEAVE=BAND"}) {
    spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", interleave};
    MakeRaster(File("tiled.tif"), spec);
    for (const int step : {1, 7, 64, 100, 200}) {
      ASSERT_OK_AND_ASSIGN(auto reader,
                           SceneReader::Open({Band(File("tiled.tif"), 3),
                                              Band(File("tiled.tif"), 1),
                                              Band(File("tiled.tif"), 1)},
                                             GridRequest()));
      EXPECT_EQ(reader->type(), SampleType::kUint8);
      const Pixels pixels = ReadAll(*reader, step);
      for (int y = 0; y < spec.height; ++y) {
        for (int x = 0; x < spec.width; ++x) {
          ASSERT_EQ(pixels.at(0, x, y), Value(3, x, y));
          ASSERT_EQ(pixels.at(1, x, y), Value(1, x, y));
          ASSERT_EQ(pixels.at(2, x, y), Value(1, x, y));
          ASSERT_TRUE(pixels.valid_at(x, y));
        }
      }
    }
  }
}

TEST_F(SceneReaderTest, BboxIsSnappedOutwardToPixels) {
  RasterSpec spec;
  spec.width = spec.height = 100;
  spec.value = Value;
  MakeRaster(File("a.tif"), spec);
  GridRequest request;
  // From inside pixel 10 to inside pixel 19, and exactly rows 5 to 9.
  request.bbox = Bbox{500105, 4999900, 500195, 4999950, kUtm33};
  ASSERT_OK_AND_ASSIGN(auto reader,
                       SceneReader::Open({Band(File("a.tif"))}, request));
  EXPECT_EQ(reader->width(), 10);
  EXPECT_EQ(reader->height(), 5);
  EXPECT_EQ(reader->grid().geotransform[0], 500100);
  EXPECT_EQ(reader->grid().geotransform[3], 4999950);
  const Pixels pixels = ReadAll(*reader, 2);
  EXPECT_EQ(pixels.at(0, 0, 0), Value(1, 10, 5));
  EXPECT_EQ(pixels.at(0, 9, 4), Value(1, 19, 9));
}

TEST_F(SceneReaderTest, BboxInAnotherCrsCutsTheRealScene) {
  const std::string path = DataPath("rgb/RGB.byte.tif");
  GridRequest request;
  request.bbox = Bbox{-77.5, 24.5, -77.0, 25.0, kCrs84};
  ASSERT_OK_AND_ASSIGN(
      auto reader, SceneReader::Open(
                       {Band(path, 1), Band(path, 2), Band(path, 3)}, request));
  EXPECT_NEAR(reader->width() * 300.0379, 50700, 1500);
  EXPECT_NEAR(reader->height() * 300.0418, 55500, 1500);
  EXPECT_LT(reader->grid().bbox[0], -77.49);
  EXPECT_GT(reader->grid().bbox[2], -77.01);
  const Pixels cut = ReadAll(*reader, 50);
  ASSERT_OK_AND_ASSIGN(
      auto whole,
      SceneReader::Open({Band(path, 1), Band(path, 2), Band(path, 3)},
                        GridRequest()));
  const Pixels all = ReadAll(*whole, 718);
  const auto& g = reader->grid().geotransform;
  const auto& w = whole->grid().geotransform;
  const int64_t x0 = std::llround((g[0] - w[0]) / w[1]);
  const int64_t y0 = std::llround((g[3] - w[3]) / w[5]);
  for (int64_t y = 0; y < cut.height; y += 7) {
    for (int64_t x = 0; x < cut.width; x += 5) {
      ASSERT_EQ(cut.at(1, x, y), all.at(1, x0 + x, y0 + y));
      ASSERT_EQ(cut.valid_at(x, y), all.valid_at(x0 + x, y0 + y));
    }
  }
  // The collar has nodata 0.
  EXPECT_FALSE(all.valid_at(0, 0));
}

TEST_F(SceneReaderTest, SaysWhereBboxAndSceneAre) {
  GridRequest request;
  request.bbox = Bbox{10, 50, 11, 51, kCrs84};
  EXPECT_STATUS(
      SceneReader::Open({Band(DataPath("rgb/RGB.byte.tif"))}, request),
      kInvalid, "does not overlap the scene [101985");
}

TEST_F(SceneReaderTest, DecimationIsTheExactMean) {
  const std::string chip = DataPath("oam_banepa/OAM-386690-220241-19.tif");
  std::vector<RasterBand> bands = {Band(chip, 1), Band(chip, 2), Band(chip, 3)};
  ASSERT_OK_AND_ASSIGN(auto full, SceneReader::Open(bands, GridRequest()));
  const Pixels fine = ReadAll(*full, 512);
  GridRequest request;
  request.decimation = 2;
  ASSERT_OK_AND_ASSIGN(auto half, SceneReader::Open(bands, request));
  EXPECT_EQ(half->type(), SampleType::kFloat32);
  ASSERT_EQ(half->width(), 256);
  ASSERT_EQ(half->height(), 256);
  const Pixels coarse = ReadAll(*half, 100);
  for (int b = 0; b < 3; ++b) {
    for (int64_t y = 0; y < 256; ++y) {
      for (int64_t x = 0; x < 256; ++x) {
        const double mean =
            (fine.at(b, 2 * x, 2 * y) + fine.at(b, 2 * x + 1, 2 * y) +
             fine.at(b, 2 * x, 2 * y + 1) + fine.at(b, 2 * x + 1, 2 * y + 1)) /
            4;
        ASSERT_EQ(coarse.at(b, x, y), mean) << b << " " << x << " " << y;
      }
    }
  }
}

TEST_F(SceneReaderTest, CoarserBandsAreInterpolatedBetweenTheirCentres) {
  RasterSpec fine, coarse;
  fine.width = fine.height = 40;
  fine.type = coarse.type = GDT_UInt16;
  coarse.width = coarse.height = 20;
  coarse.geotransform = {500000, 20, 0, 5000000, 0, -20};
  // A plane: bilinear interpolation reproduces it.
  fine.value = [](int, int x, int y) { return 1000 + 40 * x + 80 * y; };
  coarse.value = [](int, int x, int y) {
    return 1000 + 40 * (2 * x + 0.5) + 80 * (2 * y + 0.5);
  };
  MakeRaster(File("fine.tif"), fine);
  MakeRaster(File("coarse.tif"), coarse);
  for (const int step : {1, 13, 40}) {
    ASSERT_OK_AND_ASSIGN(
        auto reader,
        SceneReader::Open({Band(File("fine.tif")), Band(File("coarse.tif"))},
                          GridRequest()));
    EXPECT_EQ(reader->type(), SampleType::kUint16);
    const Pixels pixels = ReadAll(*reader, step);
    for (int y = 1; y < 39; ++y) {
      for (int x = 1; x < 39; ++x) {
        ASSERT_EQ(pixels.at(1, x, y), pixels.at(0, x, y)) << x << " " << y;
      }
    }
  }
}

TEST_F(SceneReaderTest, CategoricalBandsAreNeverMixed) {
  RasterSpec spec;
  spec.width = spec.height = 10;
  spec.geotransform = {500000, 20, 0, 5000000, 0, -20};
  spec.value = [](int, int x, int y) { return (x + y) % 2 == 0 ? 10 : 200; };
  MakeRaster(File("classes.tif"), spec);
  RasterSpec fine;
  fine.width = fine.height = 20;
  MakeRaster(File("fine.tif"), fine);
  RasterBand classes = Band(File("classes.tif"));
  classes.nearest = true;
  ASSERT_OK_AND_ASSIGN(
      auto reader,
      SceneReader::Open({Band(File("fine.tif")), classes}, GridRequest()));
  const Pixels pixels = ReadAll(*reader, 3);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 20; ++x) {
      ASSERT_EQ(pixels.at(1, x, y), (x / 2 + y / 2) % 2 == 0 ? 10 : 200);
    }
  }
}

TEST_F(SceneReaderTest, LandsatBandsOfTwoResolutionsShareOneGrid) {
  const std::string pan = DataPath("landsat8_elkton_va/L8-B8-Elkton-VA.tiff");
  const std::string red = DataPath("landsat8_elkton_va/L8-B4-Elkton-VA.tiff");
  GridRequest request;
  request.reference = 1;
  ASSERT_OK_AND_ASSIGN(auto fine,
                       SceneReader::Open({Band(red), Band(pan)}, request));
  EXPECT_EQ(fine->width(), 371);
  EXPECT_EQ(fine->height(), 337);
  EXPECT_EQ(fine->type(), SampleType::kUint16);
  const Pixels pixels = ReadAll(*fine, 50);
  EXPECT_TRUE(pixels.valid_at(0, 0));
  EXPECT_TRUE(pixels.valid_at(370, 336));
  ASSERT_OK_AND_ASSIGN(auto original,
                       SceneReader::Open({Band(red)}, GridRequest()));
  const Pixels coarse = ReadAll(*original, 169);
  double drift = 0;
  for (int y = 20; y < 160; ++y) {
    for (int x = 20; x < 170; ++x) {
      drift += pixels.at(0, 2 * x, 2 * y) - coarse.at(0, x, y);
    }
  }
  EXPECT_LT(std::abs(drift / (140 * 150)), 30) << "the two lie over each other";

  request.reference = 0;
  ASSERT_OK_AND_ASSIGN(auto averaged,
                       SceneReader::Open({Band(red), Band(pan)}, request));
  EXPECT_EQ(averaged->width(), 186);
  EXPECT_EQ(averaged->type(), SampleType::kFloat32) << "means of integers";
}

TEST_F(SceneReaderTest, ResolutionChangesThePixelsAndNotTheOrigin) {
  RasterSpec spec;
  spec.width = 100;
  spec.height = 90;
  MakeRaster(File("a.tif"), spec);
  GridRequest request;
  request.resolution = 30;
  ASSERT_OK_AND_ASSIGN(auto reader,
                       SceneReader::Open({Band(File("a.tif"))}, request));
  EXPECT_EQ(reader->width(), 34);
  EXPECT_EQ(reader->height(), 30);
  EXPECT_EQ(reader->grid().geotransform[0], 500000);
  EXPECT_EQ(reader->grid().geotransform[1], 30);
  EXPECT_EQ(reader->grid().geotransform[5], -30);
  request.resolution = 0;
  EXPECT_STATUS(SceneReader::Open({Band(File("a.tif"))}, request), kInvalid,
                "resolution 0");
}

TEST_F(SceneReaderTest, APixelIsValidOnlyIfEveryBandHasIt) {
  RasterSpec a, b;
  a.nodata = 5;
  a.value = [](int, int x, int) { return x == 1 ? 5 : 9; };
  b.value = [](int, int x, int) { return x == 2 ? 77 : 9; };
  MakeRaster(File("a.tif"), a);
  MakeRaster(File("b.tif"), b);
  RasterBand second = Band(File("b.tif"));
  second.nodata = 77;  // of the item: the file does not say
  ASSERT_OK_AND_ASSIGN(
      auto reader,
      SceneReader::Open({Band(File("a.tif")), second}, GridRequest()));
  const Pixels pixels = ReadAll(*reader, 8);
  for (int x = 0; x < 8; ++x) {
    EXPECT_EQ(pixels.valid_at(x, 3), x != 1 && x != 2) << x;
  }
}

TEST_F(SceneReaderTest, NodataDoesNotBleedIntoItsNeighbours) {
  RasterSpec fine, coarse;
  fine.width = fine.height = 16;
  coarse.geotransform = {500000, 20, 0, 5000000, 0, -20};
  coarse.nodata = 0;
  coarse.value = [](int, int x, int) { return x < 4 ? 0 : 200; };
  MakeRaster(File("fine.tif"), fine);
  MakeRaster(File("coarse.tif"), coarse);
  ASSERT_OK_AND_ASSIGN(
      auto reader,
      SceneReader::Open({Band(File("fine.tif")), Band(File("coarse.tif"))},
                        GridRequest()));
  const Pixels pixels = ReadAll(*reader, 16);
  for (int x = 0; x < 16; ++x) {
    EXPECT_EQ(pixels.valid_at(x, 8), x >= 8) << x;
    if (x < 8) continue;
    EXPECT_EQ(pixels.at(1, x, 8), 200) << x;
  }
}

TEST_F(SceneReaderTest, InternalMasksAreHonoured) {
  RasterSpec spec;
  spec.mask = true;
  spec.masked = [](int x, int y) { return x == y; };
  MakeRaster(File("masked.tif"), spec);
  ASSERT_OK_AND_ASSIGN(
      auto reader,
      SceneReader::Open({Band(File("masked.tif"))}, GridRequest()));
  const Pixels pixels = ReadAll(*reader, 3);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      EXPECT_EQ(pixels.valid_at(x, y), x != y) << x << " " << y;
    }
  }
}

TEST_F(SceneReaderTest, AlphaIsAMaskUnlessItIsAskedForAsABand) {
  RasterSpec spec;
  spec.bands = 4;
  spec.options = {"PHOTOMETRIC=RGB", "ALPHA=YES"};
  spec.value = [](int band, int x, int) {
    return band == 4 && x < 3 ? 0 : 100 + band;
  };
  MakeRaster(File("rgba.tif"), spec);
  const std::string path = File("rgba.tif");
  ASSERT_OK_AND_ASSIGN(
      auto rgb,
      SceneReader::Open({Band(path, 1), Band(path, 2)}, GridRequest()));
  const Pixels masked = ReadAll(*rgb, 8);
  EXPECT_FALSE(masked.valid_at(2, 0));
  EXPECT_TRUE(masked.valid_at(3, 0));
  ASSERT_OK_AND_ASSIGN(
      auto nir,
      SceneReader::Open({Band(path, 1), Band(path, 4)}, GridRequest()));
  const Pixels all = ReadAll(*nir, 8);
  EXPECT_TRUE(all.valid_at(2, 0)) << "here band 4 is near infrared";
  EXPECT_EQ(all.at(1, 2, 0), 0);
}

TEST_F(SceneReaderTest, NaipsInfraredIsReadAlthoughItIsFlaggedAlpha) {
  const std::string path = DataPath("naip/m_3211605_ne_11_060_20200415.tif");
  ASSERT_OK_AND_ASSIGN(auto reader,
                       SceneReader::Open({Band(path, 1), Band(path, 2),
                                          Band(path, 3), Band(path, 4)},
                                         GridRequest()));
  const Pixels pixels = ReadAll(*reader, 64);
  EXPECT_EQ(std::count(pixels.valid.begin(), pixels.valid.end(), 1), 266 * 204);
}

TEST_F(SceneReaderTest, FloatsWithNanAndWithoutCrs) {
  ASSERT_OK_AND_ASSIGN(
      auto reader,
      SceneReader::Open({Band(DataPath("rgb/float_nan.tif"))}, GridRequest()));
  EXPECT_EQ(reader->type(), SampleType::kFloat32);
  EXPECT_TRUE(reader->grid().geometry.is_null());
  const Pixels pixels = ReadAll(*reader, 1);
  EXPECT_EQ(std::count(pixels.valid.begin(), pixels.valid.end(), 1), 5);
  for (const double value : pixels.samples) EXPECT_FALSE(std::isnan(value));
}

TEST_F(SceneReaderTest, AnotherCrsIsWarpedOntoTheGrid) {
  RasterSpec utm33, utm32;
  utm33.width = utm33.height = 50;
  utm33.geotransform = {300000, 100, 0, 5100000, 0, -100};
  utm33.nodata = 0;
  utm33.value = [](int, int x, int y) { return 50 + x + y; };
  MakeRaster(File("33.tif"), utm33);
  // The same ground in the neighbouring zone, constant and larger.
  utm32.width = utm32.height = 400;
  utm32.epsg = 32632;
  utm32.geotransform = {740000, 100, 0, 5125000, 0, -100};
  utm32.value = [](int, int, int) { return 42; };
  MakeRaster(File("32.tif"), utm32);
  ASSERT_OK_AND_ASSIGN(auto reader, SceneReader::Open({Band(File("33.tif")),
                                                       Band(File("32.tif"))},
                                                      GridRequest()));
  EXPECT_EQ(reader->width(), 50);
  const Pixels pixels = ReadAll(*reader, 9);
  int64_t valid = 0;
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 50; ++x) {
      ASSERT_EQ(pixels.at(0, x, y), 50 + x + y);
      if (!pixels.valid_at(x, y)) continue;
      ++valid;
      ASSERT_EQ(pixels.at(1, x, y), 42);
    }
  }
  EXPECT_GT(valid, 2000);
}

TEST_F(SceneReaderTest, WarpedNodataIsNotValid) {
  RasterSpec utm33, utm32;
  utm33.width = utm33.height = 50;
  utm33.geotransform = {300000, 100, 0, 5100000, 0, -100};
  MakeRaster(File("33.tif"), utm33);
  utm32.width = utm32.height = 400;
  utm32.epsg = 32632;
  utm32.nodata = 9;
  utm32.geotransform = {740000, 100, 0, 5125000, 0, -100};
  utm32.value = [](int, int, int) { return 9; };
  MakeRaster(File("32.tif"), utm32);
  ASSERT_OK_AND_ASSIGN(auto reader, SceneReader::Open({Band(File("33.tif")),
                                                       Band(File("32.tif"))},
                                                      GridRequest()));
  const Pixels pixels = ReadAll(*reader, 50);
  EXPECT_EQ(std::count(pixels.valid.begin(), pixels.valid.end(), 1), 0);
}

TEST_F(SceneReaderTest, BandsThatCoverLessAreInvalidElsewhere) {
  RasterSpec large, small;
  large.width = large.height = 30;
  small.width = small.height = 10;
  small.geotransform = {500100, 10, 0, 4999900, 0, -10};
  small.value = [](int, int, int) { return 3; };
  MakeRaster(File("large.tif"), large);
  MakeRaster(File("small.tif"), small);
  ASSERT_OK_AND_ASSIGN(auto reader, SceneReader::Open({Band(File("large.tif")),
                                                       Band(File("small.tif"))},
                                                      GridRequest()));
  const Pixels pixels = ReadAll(*reader, 4);
  EXPECT_EQ(std::count(pixels.valid.begin(), pixels.valid.end(), 1), 100);
  EXPECT_TRUE(pixels.valid_at(10, 10));
  EXPECT_FALSE(pixels.valid_at(20, 10));
  EXPECT_EQ(pixels.at(1, 10, 10), 3);
  EXPECT_EQ(pixels.at(1, 20, 10), 0);
}

TEST_F(SceneReaderTest, RefusesWhatCannotBeRead) {
  RasterSpec spec;
  MakeRaster(File("a.tif"), spec);
  EXPECT_STATUS(SceneReader::Open({Band(File("a.tif"), 2)}, GridRequest()),
                kInvalid, "has no band 2, only 1");
  spec.type = GDT_CFloat32;
  MakeRaster(File("complex.tif"), spec);
  EXPECT_STATUS(SceneReader::Open({Band(File("complex.tif"))}, GridRequest()),
                kInvalid, "complex");
  GridRequest small;
  small.max_pixels = 63;
  EXPECT_STATUS(SceneReader::Open({Band(File("a.tif"))}, small), kInvalid,
                "8 x 8 pixels, more than 63");
  RasterSpec nowhere;
  nowhere.epsg = 0;
  MakeRaster(File("nowhere.tif"), nowhere);
  EXPECT_STATUS(
      SceneReader::Open({Band(File("a.tif")), Band(File("nowhere.tif"))},
                        GridRequest()),
      kInvalid, "need georeferences");
  GridRequest request;
  request.bbox = Bbox{0, 0, 1, 1, kCrs84};
  EXPECT_STATUS(SceneReader::Open({Band(File("nowhere.tif"))}, request),
                kInvalid, "no coordinate reference system");
}

TEST_F(SceneReaderTest, ATruncatedFileIsAnErrorAndNotZeros) {
  RasterSpec spec;
  spec.width = spec.height = 300;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64",
                  "COMPRESS=DEFLATE"};
  spec.value = [](int, int x, int y) { return (x * 7919 + y * 104729) % 256; };
  MakeRaster(File("cut.tif"), spec);
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(File("cut.tif")));
  ASSERT_OK(
      WriteFileAtomically(File("cut.tif"), bytes.substr(0, bytes.size() / 2)));
  auto reader = SceneReader::Open({Band(File("cut.tif"))}, GridRequest());
  absl::Status status = reader.status();
  if (status.ok()) {
    std::vector<uint8_t> samples(300 * 300), valid(300 * 300);
    status =
        (*reader)->Read(0, 300, {samples.data(), samples.size(), valid.data()});
  }
  EXPECT_STATUS(status, kInvalid, "cut.tif");
}

}  // namespace
}  // namespace pushbroom
