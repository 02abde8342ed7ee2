#include "service/core/net/http_client.h"

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tiny_http_server.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

using Code = absl::StatusCode;
using testing::OptionsToReach;
using testing::TinyHttpServer;
using testing::TinyReply;
using testing::TinyRequest;

constexpr int64_t kLimit = 1 << 20;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest()
      : policy_(*UrlPolicy::Create(OptionsToReach(server_))),
        client_(policy_) {}

  HttpRequest Get(const std::string& path) {
    HttpRequest request;
    request.url = server_.Url(path);
    return request;
  }
  HttpRequest GetRange(const std::string& path, int64_t offset,
                       int64_t length) {
    HttpRequest request = Get(path);
    request.range_offset = offset;
    request.range_length = length;
    return request;
  }
  TinyReply Body(std::string body) {
    TinyReply reply;
    reply.body = std::move(body);
    return reply;
  }

  TinyHttpServer server_;
  const UrlPolicy policy_;
  HttpClient client_;
};

TEST_F(HttpClientTest, GivesAnyAnswerWithItsHeaders) {
  TinyReply reply = Body("gone");
  reply.status = 410;
  reply.headers["X-Why"] = "moved";
  server_.Serve("/a", reply);
  ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(Get("/a?q=1")));
  EXPECT_EQ(answer.status, 410);
  EXPECT_EQ(answer.body, "gone");
  EXPECT_EQ(answer.headers.at("x-why"), "moved");
  EXPECT_EQ(answer.final_url, server_.Url("/a?q=1"));
}

TEST_F(HttpClientTest, SendsMethodHeadersAndBody) {
  server_.Serve("/in", "ok");
  HttpRequest request = Get("/in");
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = "{\"a\":1}";
  for (const char* method : {"POST", "PUT"}) {
    request.method = method;
    ASSERT_OK(client_.Send(request));
    const TinyRequest seen = server_.requests().back();
    EXPECT_EQ(seen.method, method);
    EXPECT_EQ(seen.body, request.body);
    EXPECT_EQ(seen.headers.at("content-type"), "application/json");
    EXPECT_EQ(seen.headers.at("x-empty"), "");
    EXPECT_EQ(seen.headers.count("expect"), 0u);
    EXPECT_EQ(seen.headers.count("accept-encoding"), 0u);
  }
}

TEST_F(HttpClientTest, HeadReadsNoBodyHoweverLargeItIsSaidToBe) {
  server_.Serve("/a", std::string(5000, 'x'));
  HttpRequest request = Get("/a");
  request.method = "HEAD";
  request.max_bytes = 10;
  ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(request));
  EXPECT_EQ(answer.headers.at("content-length"), "5000");
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpClientTest, RefusesRequestsThatWouldSmuggle) {
  HttpRequest header = Get("/a");
  header.headers["X"] = "a\r\nY: b";
  EXPECT_STATUS(client_.Send(header), Code::kInvalidArgument, "control");
  HttpRequest name = Get("/a");
  name.headers["X: a\r\nY"] = "b";
  EXPECT_STATUS(client_.Send(name), Code::kInvalidArgument, "header name");
  HttpRequest method = Get("/a");
  method.method = "DELETE / HTTP/1.1\r\n";
  EXPECT_STATUS(client_.Send(method), Code::kInvalidArgument, "method");
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(HttpClientTest, ReadsRanges) {
  server_.Serve("/f", "0123456789");
  ASSERT_OK_AND_ASSIGN(HttpResponse part, client_.Send(GetRange("/f", 3, 4)));
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "3456");
  EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=3-6");
  ASSERT_OK_AND_ASSIGN(part, client_.Send(GetRange("/f", 8, 100)));
  EXPECT_EQ(part.body, "89");
  ASSERT_OK_AND_ASSIGN(part, client_.Send(GetRange("/f", 10, 1)));
  EXPECT_EQ(part.status, 416);
  EXPECT_STATUS(client_.Send(GetRange("/f", -1, 1)), Code::kInvalidArgument,
                "range");
  EXPECT_STATUS(client_.Send(GetRange("/f", 0, 0)), Code::kInvalidArgument,
                "range");
}

TEST_F(HttpClientTest, AServerThatIgnoresRangesIsAnError) {
  for (bool chunked : {false, true}) {
    TinyReply reply = Body("0123456789");
    reply.ignore_range = true;
    reply.chunked = chunked;
    server_.Serve("/f", reply);
    EXPECT_STATUS(client_.Send(GetRange("/f", 0, 4)), Code::kFailedPrecondition,
                  "more than the range");
    EXPECT_STATUS(client_.Send(GetRange("/f", 5, 100)),
                  Code::kFailedPrecondition, "ignores the range");
    // All of a short file is the range that begins at its first byte.
    ASSERT_OK_AND_ASSIGN(const HttpResponse whole,
                         client_.Send(GetRange("/f", 0, 100)));
    EXPECT_EQ(whole.body, "0123456789");
  }
}

TEST_F(HttpClientTest, AnotherRangeThanAskedForIsAnError) {
  TinyReply reply = Body("5678");
  reply.status = 206;
  reply.headers["Content-Range"] = "bytes 5-8/10";
  server_.Serve("/f", reply);
  EXPECT_STATUS(client_.Send(GetRange("/f", 3, 4)), Code::kFailedPrecondition,
                "another range");
}

TEST_F(HttpClientTest, CapsBodiesWithAndWithoutAnAnnouncedSize) {
  for (bool chunked : {false, true}) {
    TinyReply reply = Body(std::string(100'000, 'x'));
    reply.chunked = chunked;
    server_.Serve("/f", reply);
    HttpRequest request = Get("/f");
    request.max_bytes = 99'999;
    EXPECT_STATUS(client_.Send(request), Code::kResourceExhausted, "99999");
    request.max_bytes = 100'000;
    ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(request));
    EXPECT_EQ(answer.body.size(), 100'000u);
  }
}

TEST_F(HttpClientTest, DecompressesNothing) {
  TinyReply reply = Body("\x1f\x8b not really gzip");
  reply.headers["Content-Encoding"] = "gzip";
  server_.Serve("/f", reply);
  ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(Get("/f")));
  EXPECT_EQ(answer.body, reply.body);
}

TEST_F(HttpClientTest, TooManyHeadersAreRefused) {
  TinyReply reply = Body("x");
  for (int i = 0; i < 40; ++i) {
    reply.headers[absl::StrCat("X-", i)] = std::string(2000, 'h');
  }
  server_.Serve("/f", reply);
  EXPECT_STATUS(client_.Send(Get("/f")), Code::kResourceExhausted, "headers");
}

TEST_F(HttpClientTest, ASilentServerEndsAtTheDeadline) {
  TinyReply hangs;
  hangs.hang = true;
  server_.Serve("/never", hangs);
  TinyReply stalls = Body("0123456789");
  stalls.hang_after = 4;
  server_.Serve("/stalls", stalls);
  for (const char* path : {"/never", "/stalls"}) {
    HttpRequest request = Get(path);
    request.timeout = absl::Milliseconds(200);
    EXPECT_STATUS(client_.Send(request), Code::kDeadlineExceeded, path);
  }
}

TEST_F(HttpClientTest, ACutAnswerIsUnavailable) {
  TinyReply reply = Body("0123456789");
  reply.close_after = 4;
  server_.Serve("/f", reply);
  EXPECT_STATUS(client_.Send(Get("/f")), Code::kUnavailable, "/f");
}

TEST_F(HttpClientTest, AClosedPortIsUnavailable) {
  std::string url;
  UrlPolicyOptions options;
  {
    TinyHttpServer gone;
    url = gone.Url("/");
    options = OptionsToReach(gone);
  }
  ASSERT_OK_AND_ASSIGN(const UrlPolicy policy, UrlPolicy::Create(options));
  EXPECT_STATUS(HttpClient(policy).Fetch(url, kLimit), Code::kUnavailable,
                "cannot reach");
}

TEST_F(HttpClientTest, CancellingEndsARequestUnderWay) {
  TinyReply reply = Body("0123456789");
  reply.hang_after = 4;
  server_.Serve("/f", reply);
  HttpRequest request = Get("/f");
  std::thread canceller([&] {
    EXPECT_TRUE(server_.WaitForRequests(1));
    request.cancel.Cancel(absl::CancelledError("dismissed"));
  });
  const absl::Time start = absl::Now();
  EXPECT_STATUS(client_.Send(request), Code::kCancelled, "dismissed");
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  canceller.join();
  EXPECT_STATUS(client_.Send(request), Code::kCancelled, "dismissed");
  EXPECT_EQ(server_.requests().size(), 1u);  // the second was not sent
}

TEST_F(HttpClientTest, FollowsRedirectsToTheLimit) {
  for (int i = 0; i < 4; ++i) {
    TinyReply hop = Body(std::string(200'000, 'r'));  // cut, not read
    hop.status = 302;
    hop.headers["Location"] = absl::StrCat("/hop", i + 1);
    server_.Serve(absl::StrCat("/hop", i), hop);
  }
  server_.Serve("/hop4", "here");
  HttpRequest request = Get("/hop0");
  request.max_bytes = 100;
  EXPECT_STATUS(client_.Send(request), Code::kFailedPrecondition,
                "more than 3 times");
  request.max_redirects = 4;
  ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(request));
  EXPECT_EQ(answer.body, "here");
  EXPECT_EQ(answer.final_url, server_.Url("/hop4"));
}

TEST_F(HttpClientTest, WithoutRedirectsTheRedirectIsTheAnswer) {
  TinyReply hop = Body("see there");
  hop.status = 307;
  hop.headers["Location"] = "/there";
  server_.Serve("/here", hop);
  HttpRequest request = Get("/here");
  request.max_redirects = 0;
  ASSERT_OK_AND_ASSIGN(const HttpResponse answer, client_.Send(request));
  EXPECT_EQ(answer.status, 307);
  EXPECT_EQ(answer.body, "see there");
  EXPECT_EQ(server_.CountOf("/there"), 0);
}

TEST_F(HttpClientTest, AuthorizationDoesNotGoToAnotherPort) {
  TinyHttpServer other;
  other.Serve("/there", "x");
  TinyReply hop;
  hop.status = 302;
  hop.headers["Location"] = other.Url("/there");
  server_.Serve("/here", hop);
  UrlPolicyOptions options = OptionsToReach(server_);
  options.allowed_ports.push_back(other.port());
  ASSERT_OK_AND_ASSIGN(const UrlPolicy policy, UrlPolicy::Create(options));
  HttpRequest request = Get("/here");
  request.headers = {{"Authorization", "Bearer x"}};
  ASSERT_OK(HttpClient(policy).Send(request));
  EXPECT_EQ(server_.requests()[0].headers.count("authorization"), 1u);
  EXPECT_EQ(other.requests()[0].headers.count("authorization"), 0u);
}

TEST_F(HttpClientTest, FetchTurnsOtherAnswersIntoErrors) {
  const std::vector<std::pair<int, Code>> table = {
      {204, Code::kFailedPrecondition}, {304, Code::kFailedPrecondition},
      {400, Code::kFailedPrecondition}, {401, Code::kPermissionDenied},
      {403, Code::kPermissionDenied},   {404, Code::kNotFound},
      {410, Code::kNotFound},           {429, Code::kUnavailable},
      {500, Code::kUnavailable},        {503, Code::kUnavailable}};
  for (const auto& [status, code] : table) {
    TinyReply reply;
    reply.status = status;
    // An error page above the limit is still that error.
    if (status >= 400) reply.body = std::string(1000, 'e');
    server_.Serve("/f", reply);
    EXPECT_STATUS(client_.Fetch(server_.Url("/f?sig=secret"), 100), code,
                  absl::StrCat("answers ", status));
  }
  server_.Serve("/f", "doc");
  EXPECT_EQ(client_.Fetch(server_.Url("/f"), 100)->body, "doc");
}

TEST_F(HttpClientTest, KeepsConnectionsBetweenRequests) {
  server_.Serve("/f", "doc");
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(client_.Fetch(server_.Url("/f"), kLimit));
  }
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpClientTest, ServesManyThreads) {
  server_.Handle("/f", [](const TinyRequest& request) {
    TinyReply reply;
    reply.body = request.path;
    return reply;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = absl::StrCat("/f?", t, "-", i);
        const auto answer = client_.Fetch(server_.Url(path), kLimit);
        ASSERT_OK(answer);
        EXPECT_EQ(answer->body, path);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server_.CountOf("/f"), 300);
}

class DownloadTest : public HttpClientTest {
 protected:
  DownloadTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "download")) {}
  size_t Files() const {
    return static_cast<size_t>(std::distance(
        fs::directory_iterator(scratch_.path()), fs::directory_iterator()));
  }
  ScratchDirectory scratch_;
};

TEST_F(DownloadTest, WritesTheFileAndGivesItsDigest) {
  const std::string body(300'000, 'm');
  for (bool chunked : {false, true}) {
    TinyReply reply = Body(body);
    reply.chunked = chunked;
    server_.Serve("/model.pt", reply);
    const std::string path = scratch_.File("model.pt");
    ASSERT_OK_AND_ASSIGN(
        const std::string digest,
        client_.Download(server_.Url("/model.pt"), path, 300'000));
    EXPECT_EQ(digest, Sha256Hex(body));
    EXPECT_EQ(*ReadFile(path), body);
    EXPECT_EQ(Files(), 1u);
  }
}

TEST_F(DownloadTest, LeavesNothingBehindWhenItFails) {
  const std::string path = scratch_.File("model.pt");
  TinyReply cut = Body(std::string(1000, 'm'));
  cut.close_after = 500;
  server_.Serve("/cut", cut);
  EXPECT_STATUS(client_.Download(server_.Url("/cut"), path, kLimit),
                Code::kUnavailable, "/cut");
  TinyReply large = Body(std::string(1000, 'm'));
  large.chunked = true;
  server_.Serve("/large", large);
  EXPECT_STATUS(client_.Download(server_.Url("/large"), path, 999),
                Code::kResourceExhausted, "999");
  EXPECT_STATUS(client_.Download(server_.Url("/none"), path, kLimit),
                Code::kNotFound, "/none");
  EXPECT_STATUS(client_.Download("http://10.0.0.1/x", path, kLimit),
                Code::kPermissionDenied, "10.0.0.1");
  EXPECT_EQ(Files(), 0u);
}

TEST_F(DownloadTest, SaysWhereItCannotWrite) {
  server_.Serve("/f", "x");
  const std::string path = scratch_.File("no/such/folder");
  EXPECT_STATUS(client_.Download(server_.Url("/f"), path, kLimit),
                Code::kUnavailable, path);
}

}  // namespace
}  // namespace pushbroom
