#include "service/http/request_reader.h"

#include "gtest/gtest.h"

namespace pushbroom {
namespace {

using State = RequestReader::State;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

std::string Post(const std::string& fields, const std::string& body) {
  return "POST /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

int StatusOfRefusal(const std::string& bytes) {
  RequestReader reader(ReaderLimits{});
  return reader.Feed(bytes) == State::kRefused ? reader.refusal_status() : 0;
}

TEST(RequestReaderTest, ReadsTheSameByteByByteAsAtOnce) {
  const std::string bytes =
      "POST /jobs/a%20b?limit=3&q=cloud+mask&q=%C3%A9 HTTP/1.1\r\n"
      "Host: x\r\nContent-Length: 5\r\nAccept: a\r\nAccept: b\r\n\r\nhello";
  RequestReader whole(ReaderLimits{});
  EXPECT_EQ(whole.Feed(bytes), State::kDone);
  RequestReader bitwise(ReaderLimits{});
  for (size_t i = 0; i + 1 < bytes.size(); ++i) {
    ASSERT_EQ(bitwise.Feed(bytes.substr(i, 1)), State::kMore) << i;
  }
  EXPECT_EQ(bitwise.Feed(bytes.substr(bytes.size() - 1)), State::kDone);
  for (RequestReader* reader : {&whole, &bitwise}) {
    const api::Request& request = reader->request();
    EXPECT_EQ(request.method, api::Method::kPost);
    EXPECT_EQ(request.path, "/jobs/a b");
    ASSERT_EQ(request.query.size(), 3u);
    EXPECT_EQ(request.query[1].second, "cloud mask");
    EXPECT_EQ(request.query[2].second, "\xC3\xA9");
    EXPECT_EQ(request.Header("accept"), "a, b");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(reader->keep_alive());
    EXPECT_FALSE(reader->surplus());
  }
}

TEST(RequestReaderTest, ReadsAChunkedBody) {
  const std::string bytes =
      Post("Transfer-Encoding: chunked\r\n",
           "3\r\nabc\r\n00A;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n");
  RequestReader whole(ReaderLimits{});
  ASSERT_EQ(whole.Feed(bytes), State::kDone);
  EXPECT_EQ(whole.request().body, "abc0123456789");
  RequestReader bitwise(ReaderLimits{});
  for (const char c : bytes) bitwise.Feed(std::string(1, c));
  EXPECT_EQ(bitwise.request().body, "abc0123456789");
}

TEST(RequestReaderTest, LengthsThatAreNotNumbersAreRefused) {
  for (const char* length :
       {"abc", "+5", "5abc", "-1", "", "0x5", "5, 5", "99999999999999999999"}) {
    EXPECT_EQ(StatusOfRefusal(Post(
                  std::string("Content-Length: ") + length + "\r\n", "hello")),
              400)
        << length;
  }
  EXPECT_EQ(StatusOfRefusal(
                Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
            400);
  EXPECT_EQ(StatusOfRefusal(Post("Content-Length : 5\r\n", "hello")), 400);
}

TEST(RequestReaderTest, ABodyHasOneFraming) {
  EXPECT_EQ(StatusOfRefusal(Post(
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "")),
            400);
  EXPECT_EQ(StatusOfRefusal(Post("Transfer-Encoding: xchunked\r\n", "")), 501);
  EXPECT_EQ(StatusOfRefusal(Post("Transfer-Encoding: gzip, chunked\r\n", "")),
            501);
}

TEST(RequestReaderTest, BodiesAboveTheLimitAreRefusedBeforeTheyArrive) {
  EXPECT_EQ(StatusOfRefusal(Post("Content-Length: 99999999999\r\n", "")), 413);
  EXPECT_EQ(
      StatusOfRefusal(Post("Transfer-Encoding: chunked\r\n", "FFFFFFFF\r\n")),
      413);
  EXPECT_EQ(StatusOfRefusal(
                Post("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n")),
            400);
}

TEST(RequestReaderTest, HeadsAreBounded) {
  EXPECT_EQ(StatusOfRefusal("GET /" + std::string(9000, 'a') +
                            " HTTP/1.1\r\nHost: x\r\n\r\n"),
            414);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a')),
            431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 200; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(StatusOfRefusal(many + "\r\n"), 431);
}

TEST(RequestReaderTest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(StatusOfRefusal("GET / HT\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/1.1\r\n\r\n"), 400);  // no Host
  EXPECT_EQ(StatusOfRefusal("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET /% HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"),
            400);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/1.1\nHost: x\n\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfRefusal("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
            400);
}

TEST(RequestReaderTest, UnknownMethodsAreForTheRouterToRefuse) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(reader.Feed("BREW /a HTTP/1.1\r\nHost: x\r\n\r\n"), State::kDone);
  EXPECT_EQ(reader.request().method, api::Method::kOther);
}

TEST(RequestReaderTest, APipelinedRequestIsSurplus) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(reader.Feed(std::string(kGet) + kGet), State::kDone);
  EXPECT_TRUE(reader.surplus());
}

TEST(RequestReaderTest, ConnectionSaysWhetherAnotherRequestComes) {
  const auto keeps = [](const std::string& bytes) {
    RequestReader reader(ReaderLimits{});
    EXPECT_EQ(reader.Feed(bytes), State::kDone);
    return reader.keep_alive();
  };
  EXPECT_TRUE(keeps(kGet));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestReaderTest, WhoWaitsForContinueIsToldOnce) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(
      reader.Feed(Post("Content-Length: 2\r\nExpect: 100-continue\r\n", "")),
      State::kMore);
  EXPECT_TRUE(reader.TakeContinue());
  EXPECT_FALSE(reader.TakeContinue());
  EXPECT_EQ(reader.Feed("ok"), State::kDone);
}

TEST(RequestReaderTest, ResetForgetsTheRequestBefore) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(reader.Feed(Post("Content-Length: 2\r\n", "ok")), State::kDone);
  reader.Reset();
  EXPECT_EQ(reader.Feed(kGet), State::kDone);
  EXPECT_EQ(reader.request().body, "");
  EXPECT_EQ(reader.request().headers.count("content-length"), 0u);
}

TEST(RequestReaderTest, RequestIdsAreKeptIfSane) {
  const auto id = [](const std::string& given) {
    RequestReader reader(ReaderLimits{});
    reader.Feed("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + given +
                "\r\n\r\n");
    return reader.request().request_id;
  };
  EXPECT_EQ(id("abc-1.2_3"), "abc-1.2_3");
  EXPECT_EQ(id("<script>"), "");
  EXPECT_EQ(id(std::string(200, 'a')), "");
}

TEST(RequestReaderTest, AbsoluteTargetsLoseTheirHost) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(reader.Feed("GET http://h/p?a=1 HTTP/1.1\r\nHost: h\r\n\r\n"),
            State::kDone);
  EXPECT_EQ(reader.request().path, "/p");
}

}  // namespace
}  // namespace pushbroom
