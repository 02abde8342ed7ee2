#include "service/files/files_server.h"

#include "service/core/base/json.h"
#include "tests/unit/service/files/files_fixture.h"

namespace pushbroom {
namespace {

using testing::Eventually;
using testing::Fetch;
using ::testing::HasSubstr;
using testing::kResultPath;
using testing::OpenFiles;
using testing::RawClient;
using testing::RawResponse;

class FilesServerTest : public testing::FilesFixture {
 protected:
  void SetUp() override {
    FilesFixture::SetUp();
    Start();
  }
};

TEST_F(FilesServerTest, SendsTheWholeFile) {
  const RawResponse response = Fetch(port(), "GET", Signed());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, content_);
  EXPECT_EQ(response.headers.at("content-type"),
            "image/tiff; application=geotiff");
  EXPECT_EQ(response.headers.at("content-length"), "200000");
  EXPECT_EQ(response.headers.at("accept-ranges"), "bytes");
  EXPECT_EQ(response.headers.at("content-disposition"),
            "attachment; filename=\"job-1-classes.tif\"");
  EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(response.headers.at("access-control-allow-origin"), "*");
  EXPECT_THAT(response.headers.at("access-control-expose-headers"),
              HasSubstr("Content-Range"));
}

TEST_F(FilesServerTest, SendsOneRange) {
  const auto ranged = [&](const char* range) {
    return Fetch(port(), "GET", Signed(),
                 std::string("Range: ") + range + "\r\n");
  };
  const RawResponse first = ranged("bytes=0-15");
  EXPECT_EQ(first.status, 206);
  EXPECT_EQ(first.body, content_.substr(0, 16));
  EXPECT_EQ(first.headers.at("content-range"), "bytes 0-15/200000");
  EXPECT_EQ(first.headers.at("content-length"), "16");
  const RawResponse last = ranged("bytes=-5");
  EXPECT_EQ(last.status, 206);
  EXPECT_EQ(last.body, content_.substr(199'995));
  EXPECT_EQ(last.headers.at("content-range"), "bytes 199995-199999/200000");
  const RawResponse middle = ranged("bytes=70000-170000");
  EXPECT_EQ(middle.body, content_.substr(70'000, 100'001));
  EXPECT_EQ(ranged("bytes=0-1,5-6").status, 200);
  const RawResponse beyond = ranged("bytes=200000-");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers.at("content-range"), "bytes */200000");
  EXPECT_EQ(Json::parse(beyond.body)["status"], 416);
}

TEST_F(FilesServerTest, ARangeIsOfTheFileThatTheClientKnows) {
  const RawResponse whole = Fetch(port(), "HEAD", Signed());
  const std::string etag = whole.headers.at("etag");
  const std::string modified = whole.headers.at("last-modified");
  const auto resumed = [&](const std::string& condition) {
    return Fetch(port(), "GET", Signed(),
                 "Range: bytes=0-9\r\nIf-Range: " + condition + "\r\n")
        .status;
  };
  EXPECT_EQ(resumed(etag), 206);
  EXPECT_EQ(resumed(modified), 206);
  EXPECT_EQ(resumed("\"other\""), 200);
  EXPECT_EQ(resumed("Mon, 01 Jan 2001 00:00:00 GMT"), 200);
  EXPECT_EQ(
      Fetch(port(), "GET", Signed(), "If-None-Match: " + etag + "\r\n").status,
      304);
  EXPECT_EQ(
      Fetch(port(), "GET", Signed(), "If-None-Match: \"other\"\r\n").status,
      200);
}

TEST_F(FilesServerTest, HeadSaysWhatGetWouldSend) {
  const RawResponse response = Fetch(port(), "HEAD", Signed());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), "200000");
  EXPECT_EQ(response.body, "");
}

TEST_F(FilesServerTest, RefusesABadTokenBeforeAnythingIsLookedUp) {
  const auto status = [&](const std::string& target) {
    return Fetch(port(), "GET", target).status;
  };
  EXPECT_EQ(status(kResultPath), 403);
  EXPECT_EQ(status(std::string(kResultPath) + "?expires=9999999999&token=00"),
            403);
  EXPECT_EQ(status("/results/job-1/unknown?expires=9999999999&token=00"), 403);
  std::string other = Signed("/results/job-2/classes");
  other.replace(0, other.find('?'), kResultPath);
  EXPECT_EQ(status(other), 403);
  const std::string fine = Signed();
  EXPECT_EQ(status(fine), 200);
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(status(fine), 403);
  EXPECT_THAT(metrics_.Expose(), HasSubstr("reason=\"token\"} 5"));
}

TEST_F(FilesServerTest, NoPathLeadsOutOfTheResults) {
  for (const char* path :
       {"/results/../../etc/passwd", "/results/%2e%2e/%2e%2e/etc/passwd",
        "/results/job-1/..%2f..%2fetc/passwd", "/../etc/passwd", "/etc/passwd",
        "/", "/results", "/results/job-1//classes"}) {
    const RawResponse response = Fetch(port(), "GET", path);
    EXPECT_EQ(response.status, 404) << path;
  }
  // Even with a token for it.
  EXPECT_EQ(Fetch(port(), "GET", Signed("/results/../secret")).status, 404);
}

TEST_F(FilesServerTest, WhatTheResolverSaysBecomesAProblem) {
  const RawResponse unknown =
      Fetch(port(), "GET", Signed("/results/job-1/unknown"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(unknown.headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(Json::parse(unknown.body)["detail"], "no such result");
  EXPECT_EQ(Fetch(port(), "GET", Signed("/results/job-1/gone")).status, 404);
  const RawResponse broken =
      Fetch(port(), "GET", Signed("/results/job-1/broken"));
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body.find("secret"), std::string::npos);
}

TEST_F(FilesServerTest, OtherMethodsAndPreflightsAreAnswered) {
  const RawResponse refused =
      Fetch(port(), "DELETE", Signed(), "Content-Length: 0\r\n");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.at("allow"), "GET, HEAD, OPTIONS");
  const RawResponse preflight =
      Fetch(port(), "OPTIONS", kResultPath,
            "Origin: https://example.com\r\n"
            "Access-Control-Request-Method: GET\r\n"
            "Access-Control-Request-Headers: range\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.headers.at("access-control-allow-headers"),
              HasSubstr("Range"));
  EXPECT_EQ(preflight.headers.at("access-control-allow-methods"), "GET, HEAD");
}

TEST_F(FilesServerTest, ANameOutsideAsciiIsKept) {
  file_name_ = "Übersicht\r\n\".tif";
  const RawResponse response = Fetch(port(), "HEAD", Signed());
  EXPECT_EQ(response.headers.at("content-disposition"),
            "attachment; filename=\"__bersicht___.tif\"; "
            "filename*=UTF-8''%C3%9Cbersicht%0D%0A%22.tif");
}

TEST_F(FilesServerTest, AbortedDownloadsLeakNoFiles) {
  ASSERT_OK(storage_->PutBytes("results/job-1/t/classes.tif",
                               std::string(16 << 20, 'x')));
  Fetch(port(), "HEAD", Signed());  // whatever is opened once is open now
  const int before = OpenFiles();
  for (int i = 0; i < 100; ++i) {
    RawClient client(port(), 4096);
    ASSERT_TRUE(client.Send("GET " + Signed() +
                            " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    if (i % 3 != 0) {
      EXPECT_NE(client.Receive(1000), "");
    }
    if (i % 2 == 0) {
      client.Abort();
    } else {
      client.Close();
    }
  }
  EXPECT_TRUE(Eventually([&] { return OpenFiles() <= before; }))
      << OpenFiles() << " open, were " << before;
  const RawResponse response =
      Fetch(port(), "GET", Signed(), "Range: bytes=0-3\r\n");
  EXPECT_EQ(response.body, "xxxx");
}

TEST_F(FilesServerTest, CountsByRouteAndStatus) {
  Fetch(port(), "GET", Signed());
  Fetch(port(), "GET", "/results/job-1/x");
  EXPECT_TRUE(Eventually([&] {
    const std::string text = metrics_.Expose();
    return text.find(
               "code=\"2xx\",method=\"GET\",route=\"/results/{job}/"
               "{output}\"} 1") != std::string::npos &&
           text.find(
               "code=\"4xx\",method=\"GET\",route=\"/results/{job}/"
               "{output}\"} 1") != std::string::npos;
  }));
}

}  // namespace
}  // namespace pushbroom
