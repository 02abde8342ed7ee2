#include "workers/raster/gated_vsi.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cpl_vsi.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/net/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_http_server.h"
#include "tests/unit/workers/raster/make_raster.h"
#include "workers/raster/raster_info.h"
#include "workers/raster/remote_files.h"
#include "workers/raster/scene_reader.h"

namespace pushbroom {
namespace {

using testing::MakeRaster;
using testing::RasterSpec;
using testing::TinyHttpServer;
using testing::TinyReply;
using testing::TinyRequest;

class GatedVsiTest : public testing::RasterTest {
 protected:
  GatedVsiTest()
      : policy_(*UrlPolicy::Create(testing::OptionsToReach(server_))),
        client_(policy_) {
    InstallGatedVsi(client_);
  }

  std::string BytesOf(const std::string& path) { return *ReadFile(path); }

  TinyHttpServer server_;
  const UrlPolicy policy_;
  HttpClient client_;
};

RasterSpec Large() {
  RasterSpec spec;
  spec.width = spec.height = 2048;
  spec.bands = 6;
  spec.type = GDT_UInt16;
  spec.options = {"TILED=YES", "INTERLEAVE=BAND", "BLOCKXSIZE=256",
                  "BLOCKYSIZE=256"};
  spec.value = [](int band, int x, int y) {
    return (band * 7919 + x * 31 + y * 17) % 60000;
  };
  return spec;
}

TEST_F(GatedVsiTest, ReadsAWindowOfALargeFileWithFewRequests) {
  const RasterSpec spec = Large();
  MakeRaster(File("large.tif"), spec);
  const std::string bytes = BytesOf(File("large.tif"));
  ASSERT_GT(bytes.size(), 40U << 20);
  server_.Serve("/large.tif", bytes);
  const std::string name = GatedName(server_.Url("/large.tif"));

  std::vector<RasterBand> bands;
  for (int b = 1; b <= 6; ++b) bands.push_back({name, b, {}, false});
  GridRequest request;
  request.bbox = Bbox{505120, 4994880 - 2560, 505120 + 2560, 4994880,
                      "http://www.opengis.net/def/crs/EPSG/0/32633"};
  ASSERT_OK_AND_ASSIGN(auto reader, SceneReader::Open(bands, request));
  ASSERT_EQ(reader->width(), 256);
  ASSERT_EQ(reader->height(), 256);
  std::vector<uint16_t> samples(6 * 256 * 256);
  std::vector<uint8_t> valid(256 * 256);
  ASSERT_OK(reader->Read(0, 256, {samples.data(), 256 * 256, valid.data()}));
  for (int b = 1; b <= 6; ++b) {
    EXPECT_EQ(samples[(b - 1) * 65536 + 256 * 3 + 5],
              spec.value(b, 512 + 5, 512 + 3));
  }
  EXPECT_LE(server_.requests().size(), 16U);
  size_t asked = 0;
  for (const TinyRequest& request_seen : server_.requests()) {
    EXPECT_TRUE(request_seen.headers.count("range"));
    ++asked;
  }
  EXPECT_GT(asked, 0U);
}

TEST_F(GatedVsiTest, ASmallFileTakesOneRequest) {
  MakeRaster(File("small.tif"), RasterSpec());
  server_.Serve("/small.tif", BytesOf(File("small.tif")));
  const std::string name = GatedName(server_.Url("/small.tif"));
  ASSERT_OK_AND_ASSIGN(RasterInfo info, ReadRasterInfo(name));
  EXPECT_EQ(info.grid.width, 8);
  ASSERT_OK_AND_ASSIGN(
      auto reader, SceneReader::Open({{name, 1, {}, false}}, GridRequest()));
  std::vector<uint8_t> samples(64), valid(64);
  ASSERT_OK(reader->Read(0, 8, {samples.data(), 64, valid.data()}));
  EXPECT_EQ(samples[9], 111);
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(GatedVsiTest, AServerWithoutRangesIsReadWholeUpToALimit) {
  RasterSpec spec = Large();
  spec.bands = 1;
  MakeRaster(File("whole.tif"), spec);
  TinyReply reply;
  reply.body = BytesOf(File("whole.tif"));
  reply.ignore_range = true;
  server_.Serve("/whole.tif", reply);
  ASSERT_OK_AND_ASSIGN(RasterInfo info,
                       ReadRasterInfo(GatedName(server_.Url("/whole.tif"))));
  EXPECT_EQ(info.grid.width, 2048);
  EXPECT_LE(server_.CountOf("/whole.tif"), 2);

  reply.body.resize((64 << 20) + 1);
  server_.Serve("/larger.tif", reply);
  EXPECT_STATUS(ReadRasterInfo(GatedName(server_.Url("/larger.tif"))),
                absl::StatusCode::kResourceExhausted, "no byte ranges");
}

TEST_F(GatedVsiTest, SaysWhyAFileDidNotOpen) {
  EXPECT_STATUS(ReadRasterInfo(GatedName(server_.Url("/absent.tif"))),
                absl::StatusCode::kNotFound, "404");
  EXPECT_STATUS(ReadRasterInfo(GatedName("http://169.254.169.254/a.tif")),
                absl::StatusCode::kPermissionDenied, "169.254.169.254");
  TinyReply forbidden;
  forbidden.status = 403;
  server_.Serve("/forbidden.tif", forbidden);
  EXPECT_STATUS(ReadRasterInfo(GatedName(server_.Url("/forbidden.tif"))),
                absl::StatusCode::kPermissionDenied, "403");
  server_.Serve("/text.tif", "this is no raster");
  EXPECT_STATUS(ReadRasterInfo(GatedName(server_.Url("/text.tif"))),
                absl::StatusCode::kInvalidArgument, "allowed format");
}

TEST_F(GatedVsiTest, TriesTwiceMoreWhereTheServerIsBusy) {
  MakeRaster(File("busy.tif"), RasterSpec());
  const std::string bytes = BytesOf(File("busy.tif"));
  auto calls = std::make_shared<std::atomic<int>>(0);
  server_.Handle("/busy.tif", [calls, bytes](const TinyRequest&) {
    TinyReply reply;
    reply.body = bytes;
    if (++*calls < 3) reply.status = 503;
    return reply;
  });
  ASSERT_OK(ReadRasterInfo(GatedName(server_.Url("/busy.tif"))));
  EXPECT_EQ(*calls, 3);
  TinyReply never;
  never.status = 503;
  server_.Serve("/never.tif", never);
  EXPECT_STATUS(ReadRasterInfo(GatedName(server_.Url("/never.tif"))),
                absl::StatusCode::kUnavailable, "503");
  EXPECT_EQ(server_.CountOf("/never.tif"), 3);
}

TEST_F(GatedVsiTest, AFileThatChangesUnderTheReaderIsAnError) {
  MakeRaster(File("large.tif"), Large());
  const std::string bytes = BytesOf(File("large.tif"));
  auto calls = std::make_shared<std::atomic<int>>(0);
  server_.Handle("/moving.tif", [calls, bytes](const TinyRequest&) {
    TinyReply reply;
    reply.body = bytes;
    reply.headers["ETag"] = ++*calls == 1 ? "\"a\"" : "\"b\"";
    return reply;
  });
  const std::string name = GatedName(server_.Url("/moving.tif"));
  auto reader = SceneReader::Open({{name, 6, {}, false}}, GridRequest());
  absl::Status status = reader.status();
  if (status.ok()) {
    std::vector<uint16_t> samples(2048 * 64);
    std::vector<uint8_t> valid(2048 * 64);
    status =
        (*reader)->Read(0, 64, {samples.data(), samples.size(), valid.data()});
  }
  EXPECT_STATUS(status, absl::StatusCode::kUnavailable, "changed");
}

/// A BigTIFF of one tile that is said to begin at `offset`.
std::string WithTileAt(std::string bytes, uint64_t offset) {
  constexpr uint16_t kTileOffsets = 324;
  uint64_t ifd = 0, entries = 0;
  std::memcpy(&ifd, bytes.data() + 8, 8);
  std::memcpy(&entries, bytes.data() + ifd, 8);
  for (uint64_t i = 0; i < entries; ++i) {
    char* entry = bytes.data() + ifd + 8 + i * 20;
    uint16_t tag = 0;
    std::memcpy(&tag, entry, 2);
    if (tag != kTileOffsets) continue;
    const uint16_t long8 = 16;
    std::memcpy(entry + 2, &long8, 2);
    std::memcpy(entry + 12, &offset, 8);
    return bytes;
  }
  ADD_FAILURE() << "no tile offsets";
  return bytes;
}

TEST_F(GatedVsiTest, ATileBeyondEveryFileIsAnErrorAndNoCrash) {
  RasterSpec spec;
  spec.options = {"BIGTIFF=YES", "TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"};
  MakeRaster(File("big.tif"), spec);
  const std::string bytes = BytesOf(File("big.tif"));
  int index = 0;
  for (const uint64_t offset :
       {uint64_t{1} << 63, (uint64_t{1} << 63) + 4096, ~uint64_t{0},
        ~uint64_t{0} - 64, (uint64_t{1} << 63) - 1}) {
    const std::string path = absl::StrCat("/big", index++, ".tif");
    server_.Serve(path, WithTileAt(bytes, offset));
    auto reader = SceneReader::Open(
        {{GatedName(server_.Url(path)), 1, {}, false}}, GridRequest());
    absl::Status status = reader.status();
    if (status.ok()) {
      std::vector<uint8_t> samples(64), valid(64);
      status = (*reader)->Read(0, 8, {samples.data(), 64, valid.data()});
    }
    EXPECT_FALSE(status.ok()) << offset;
  }
}

TEST_F(GatedVsiTest, RangesOutsideTheFileAreRefused) {
  server_.Serve("/plain.bin", std::string(1000, 'x'));
  const std::string url = server_.Url("/plain.bin");
  ASSERT_OK_AND_ASSIGN(auto file, RemoteFiles::Get().Open(url));
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_STATUS(RemoteFiles::Get().ReadRange(*file, -1, 10), kInvalid, "-1");
  EXPECT_STATUS(RemoteFiles::Get().ReadRange(*file, 0, -10), kInvalid, "-10");
  EXPECT_STATUS(RemoteFiles::Get().ReadRange(*file, INT64_MIN, INT64_MAX),
                kInvalid, "no file has");

  VSILFILE* handle = VSIFOpenL(GatedName(url).c_str(), "rb");
  ASSERT_NE(handle, nullptr);
  char a[16] = {}, b[16] = {};
  void* data[] = {a, b};
  const vsi_l_offset inside[] = {0, 984};
  const size_t sizes[] = {16, 16};
  EXPECT_EQ(VSIFReadMultiRangeL(2, data, inside, sizes, handle), 0);
  EXPECT_EQ(b[15], 'x');
  for (const vsi_l_offset offset :
       {vsi_l_offset{985}, vsi_l_offset{1} << 63, ~vsi_l_offset{0},
        (vsi_l_offset{1} << 63) - 1}) {
    const vsi_l_offset offsets[] = {0, offset};
    EXPECT_NE(VSIFReadMultiRangeL(2, data, offsets, sizes, handle), 0)
        << offset;
  }
  VSIFCloseL(handle);
}

TEST_F(GatedVsiTest, WaitsForNoServerLongerThanItsPatience) {
  TinyReply silent;
  silent.hang = true;
  server_.Serve("/silent.tif", silent);
  TinyReply busy;
  busy.status = 503;
  server_.Serve("/busy.tif", busy);
  RemoteFiles files;
  files.SetClient(&client_, absl::Milliseconds(300));
  const absl::Time start = absl::Now();
  EXPECT_STATUS(files.Open(server_.Url("/silent.tif")),
                absl::StatusCode::kDeadlineExceeded, "");
  // The pause before a third try would be longer than what is left.
  EXPECT_STATUS(files.Open(server_.Url("/busy.tif")),
                absl::StatusCode::kUnavailable, "503");
  EXPECT_LE(server_.CountOf("/busy.tif"), 2);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_F(GatedVsiTest, SidecarsAreNotProbedFor) {
  MakeRaster(File("small.tif"), RasterSpec());
  server_.Serve("/dir/small.tif", BytesOf(File("small.tif")));
  ASSERT_OK(ReadRasterInfo(GatedName(server_.Url("/dir/small.tif"))));
  for (const TinyRequest& request : server_.requests()) {
    EXPECT_EQ(request.path, "/dir/small.tif");
  }
}

}  // namespace
}  // namespace pushbroom
