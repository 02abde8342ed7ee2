// What a hostile file or name must not achieve.
#include <fstream>

#include "cpl_vsi.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/net/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_http_server.h"
#include "tests/unit/workers/raster/make_raster.h"
#include "workers/raster/raster_info.h"
#include "workers/raster/raster_init.h"

namespace pushbroom {
namespace {

using testing::DataPath;
using testing::MakeRaster;
using testing::RasterSpec;
using testing::TinyHttpServer;

class HardeningTest : public testing::RasterTest {};

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST_F(HardeningTest, OnlyTheAllowedDriversAreLeft) {
  std::vector<std::string> names;
  GDALDriverManager& manager = *GetGDALDriverManager();
  for (int i = 0; i < manager.GetDriverCount(); ++i) {
    names.emplace_back(manager.GetDriver(i)->GetDescription());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(
                         "GTiff", "COG", "JP2OpenJPEG", "JPEG", "PNG"));
}

TEST_F(HardeningTest, AVrtThatCallsItselfTifIsRefused) {
  ASSERT_OK(WriteFileAtomically(
      File("evil.tif"),
      "<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"><VRTRasterBand "
      "dataType=\"Byte\" band=\"1\"><SimpleSource><SourceFilename>" +
          DataPath("rgb/RGB.byte.tif") +
          "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"));
  EXPECT_STATUS(ReadRasterInfo(File("evil.tif")), kInvalid, "allowed format");
}

TEST_F(HardeningTest, NamesThatAreNoPathsNeverReachGdal) {
  const std::string real = DataPath("rgb/RGB.byte.tif");
  const std::vector<std::string> names = {
      "MEM:::DATAPOINTER=4096,PIXELS=1,LINES=1",
      "GTIFF_DIR:1:" + real,
      "<VRTDataset/>",
      "/vsicurl/http://127.0.0.1/a.tif",
      "/vsisubfile/0_100," + real,
      "/vsizip/" + real,
      "/VSIS3/bucket/a.tif",
      "a.tif",
      ""};
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    EXPECT_STATUS(ReadRasterInfo(name), kInvalid,
                  "is not the path of a raster");
  }
}

TEST_F(HardeningTest, GdalsOwnNetworkAndContainerHandlersRefuse) {
  TinyHttpServer server;
  server.Serve("/a.tif", "bytes");
  const std::vector<std::string> names = {
      "/vsicurl/" + server.Url("/a.tif"),
      "/vsicurl?url=" + server.Url("/a.tif"),
      "/vsicurl_streaming/" + server.Url("/a.tif"),
      "/vsis3/bucket/a.tif",
      "/vsigs/bucket/a.tif",
      "/vsiaz/bucket/a.tif",
      "/vsistdin/",
      "/vsizip/" + DataPath("rgb/RGB.byte.tif"),
      "/vsisubfile/0_100," + DataPath("rgb/RGB.byte.tif")};
  for (const std::string& name : names) {
    VSILFILE* file = VSIFOpenL(name.c_str(), "rb");
    EXPECT_EQ(file, nullptr) << name;
    if (file != nullptr) VSIFCloseL(file);
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HardeningTest, AnOverviewInAnotherPlaceIsNotFetched) {
  TinyHttpServer server;
  server.Serve("/secret.tif", "bytes");
  MakeRaster(File("ovr.tif"), RasterSpec());
  {
    GDALDatasetUniquePtr dataset(
        GDALDataset::Open(File("ovr.tif").c_str(), GDAL_OF_UPDATE));
    const std::string target = "/vsicurl/" + server.Url("/secret.tif");
    dataset->SetMetadataItem("OVERVIEW_FILE", target.c_str(), "OVERVIEWS");
  }
  ASSERT_OK(ReadRasterInfo(File("ovr.tif")));
  GDALDatasetUniquePtr dataset(GDALDataset::Open(
      File("ovr.tif").c_str(), GDAL_OF_RASTER, AllowedDrivers()));
  ASSERT_NE(dataset, nullptr);
  EXPECT_EQ(dataset->GetRasterBand(1)->GetOverviewCount(), 0);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HardeningTest, ASmallFileMayNotDeclareAHugeRaster) {
  {
    char** create = nullptr;
    create = CSLAddString(create, "SPARSE_OK=TRUE");
    create = CSLAddString(create, "TILED=YES");
    create = CSLAddString(create, "BLOCKXSIZE=4096");
    create = CSLAddString(create, "BLOCKYSIZE=4096");
    GDALDatasetUniquePtr dataset(
        GetGDALDriverManager()->GetDriverByName("GTiff")->Create(
            File("huge.tif").c_str(), 1000000, 1000000, 1, GDT_Byte, create));
    CSLDestroy(create);
  }
  EXPECT_STATUS(ReadRasterInfo(File("huge.tif")), kInvalid, "more than 2000");
}

TEST_F(HardeningTest, BlocksThatFillTheMemoryAreRefused) {
  {
    char** create = CSLAddString(nullptr, "COMPRESS=DEFLATE");
    create = CSLAddString(create, "SPARSE_OK=TRUE");
    create = CSLAddString(create, "TILED=YES");
    create = CSLAddString(create, "BLOCKXSIZE=16384");
    create = CSLAddString(create, "BLOCKYSIZE=16384");
    GDALDatasetUniquePtr dataset(
        GetGDALDriverManager()->GetDriverByName("GTiff")->Create(
            File("blocks.tif").c_str(), 10000, 10000, 1, GDT_Byte, create));
    CSLDestroy(create);
  }
  EXPECT_STATUS(ReadRasterInfo(File("blocks.tif")), kInvalid,
                "16384 x 16384 pixels");
}

TEST_F(HardeningTest, BandsHaveALimit) {
  CPLSetThreadLocalConfigOption("GDAL_MAX_BAND_COUNT", "1000");
  RasterSpec spec;
  spec.width = spec.height = 1;
  spec.bands = 600;
  spec.options = {"INTERLEAVE=PIXEL"};
  MakeRaster(File("bands.tif"), spec);
  EXPECT_STATUS(ReadRasterInfo(File("bands.tif")), kInvalid,
                "600 bands, more than 512");
  CPLSetThreadLocalConfigOption("GDAL_MAX_BAND_COUNT", nullptr);
  EXPECT_STATUS(ReadRasterInfo(File("bands.tif")), kInvalid, "512");
}

TEST_F(HardeningTest, PixelInterleavedBlocksCountWithAllTheirBands) {
  const auto sparse = [&](const std::string& name, int size, int bands,
                          const std::string& block) {
    char** create = nullptr;
    for (const std::string& option :
         {std::string("TILED=YES"), std::string("INTERLEAVE=PIXEL"),
          std::string("SPARSE_OK=YES"), "BLOCKXSIZE=" + block,
          "BLOCKYSIZE=" + block}) {
      create = CSLAddString(create, option.c_str());
    }
    GDALDatasetUniquePtr dataset(
        GetGDALDriverManager()->GetDriverByName("GTiff")->Create(
            File(name).c_str(), size, size, bands, GDT_Float32, create));
    CSLDestroy(create);
    EXPECT_NE(dataset, nullptr);
  };
  sparse("ordinary.tif", 1024, 13, "512");
  EXPECT_OK(ReadRasterInfo(File("ordinary.tif")));
  // 2048 x 2048 x 4 bytes are 16 MiB, of 17 bands 272 MiB.
  sparse("heavy.tif", 64, 17, "2048");
  EXPECT_STATUS(ReadRasterInfo(File("heavy.tif")), kInvalid,
                "2048 x 2048 pixels and 17 bands (285212672 bytes), more than "
                "268435456 bytes");
}

}  // namespace
}  // namespace pushbroom
