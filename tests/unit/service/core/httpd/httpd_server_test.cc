#include "service/core/httpd/httpd_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "service/core/base/json.h"
#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using testing::Eventually;
using testing::Fetch;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::RawResponse;

std::unique_ptr<HttpdServer> Serve(HttpdServer::Handler handler,
                                   HttpdServer::Options options = {}) {
  auto server = HttpdServer::Start(options, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(HttpdServerTest, AnswersWithWhatTheHandlerSends) {
  const auto server = Serve([](HttpExchange& exchange) {
    exchange.Send(201, {{"X-Path", exchange.path()}}, "text/plain",
                  exchange.method() + " " +
                      exchange.Query("a").value_or("(none)") + " " +
                      exchange.Header("x-thing"));
  });
  const RawResponse response =
      Fetch(server->port(), "GET", "/a%20b?x=1&a=p%2Bq", "X-Thing: yes\r\n");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "GET p+q yes");
  EXPECT_EQ(response.headers.at("x-path"), "/a b");
  EXPECT_EQ(response.headers.at("content-length"), "11");
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_EQ(response.headers.count("date"), 1u);
}

TEST(HttpdServerTest, HeadGetsTheLengthAndNoBody) {
  const auto server = Serve([](HttpExchange& exchange) {
    exchange.Send(200, {}, "text/plain", "twelve bytes");
  });
  const RawResponse response = Fetch(server->port(), "HEAD", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), "12");
  EXPECT_EQ(response.body, "");
}

TEST(HttpdServerTest, NoHandlerSeesAPathThatIsNotClean) {
  std::atomic<int> seen{0};
  const auto server = Serve([&seen](HttpExchange& exchange) {
    ++seen;
    exchange.Send(200, {}, "text/plain", "x");
  });
  for (const char* path :
       {"/../etc/passwd", "/a/../../etc/passwd", "/%2e%2e/etc/passwd",
        "/a/%2e%2e%2fb", "/a//b", "/a/./b", "/a%00b", "/a%0ab", "/a\\..\\b",
        "/a%5c..%5cb", "/%zz", "/%2"}) {
    const RawResponse response = Fetch(server->port(), "GET", path);
    EXPECT_GE(response.status, 400) << path;
    EXPECT_LT(response.status, 500) << path;
  }
  EXPECT_EQ(seen, 0);
}

TEST(HttpdServerTest, ReadsABodyOfAnyLengthInPieces) {
  const auto server = Serve([](HttpExchange& exchange) {
    int64_t total = 0;
    std::string piece(1 << 16, '\0');
    for (;;) {
      const auto got = exchange.ReadBody(piece.data(), piece.size());
      if (!got.ok()) return exchange.SendProblem(400, "broken off");
      if (*got == 0) break;
      total += static_cast<int64_t>(*got);
    }
    exchange.Send(200, {}, "text/plain", std::to_string(total));
  });
  const std::string body(300'000, 'x');
  EXPECT_EQ(
      Fetch(server->port(), "POST", "/", "Content-Length: 300000\r\n", body)
          .body,
      "300000");
  EXPECT_EQ(Fetch(server->port(), "POST", "/", "Transfer-Encoding: chunked\r\n",
                  "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n")
                .body,
            "8");
  EXPECT_EQ(Fetch(server->port(), "POST", "/", "Content-Length: 0\r\n").body,
            "0");
  EXPECT_EQ(Fetch(server->port(), "POST", "/",
                  "Content-Length: 4\r\nExpect: 100-continue\r\n", "four")
                .body,
            "4");
}

TEST(HttpdServerTest, ABodyThatBreaksOffIsNoBody) {
  std::atomic<int> broken{0}, whole{0};
  const auto server = Serve([&](HttpExchange& exchange) {
    std::string piece(1 << 16, '\0');
    for (;;) {
      const auto got = exchange.ReadBody(piece.data(), piece.size());
      if (!got.ok()) {
        ++broken;
        return;
      }
      if (*got == 0) break;
    }
    ++whole;
    exchange.Send(200, {}, "text/plain", "ok");
  });
  for (const char* rest : {"Content-Length: 10\r\n\r\nfour",
                           "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                           "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
                           "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const int before = broken;
    RawClient client(server->port());
    client.Send(std::string("POST / HTTP/1.1\r\nHost: x\r\n") + rest);
    client.EndSending();
    client.ReceiveAll();
    EXPECT_TRUE(Eventually([&] { return broken == before + 1; })) << rest;
  }
  EXPECT_EQ(whole, 0);
}

TEST(HttpdServerTest, ARefusedBodyIsNotReadToItsEnd) {
  const auto server =
      Serve([](HttpExchange& exchange) { exchange.SendProblem(413, "no"); });
  RawClient client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  int sent = 0;
  while (sent < 256 && client.Send(piece)) ++sent;
  EXPECT_LT(sent, 256);
  // Who asked first has the answer at once, and no thread waits for him.
  const absl::Time start = absl::Now();
  EXPECT_EQ(Fetch(server->port(), "POST", "/",
                  "Content-Length: 9000000000\r\nExpect: 100-continue\r\n")
                .status,
            413);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(HttpdServerTest, ErrorsAreProblemDocuments) {
  const auto server = Serve([](HttpExchange& exchange) {
    if (exchange.path() == "/throw") throw std::runtime_error("secret");
    if (exchange.path() == "/full") exchange.SendProblem(507, "no room");
  });
  const auto problem = [&](const char* path) {
    const RawResponse response = Fetch(server->port(), "GET", path);
    EXPECT_EQ(response.headers.at("content-type"), "application/problem+json");
    return Json::parse(response.body);
  };
  EXPECT_EQ(problem("/throw")["status"], 500);
  EXPECT_EQ(problem("/throw").dump().find("secret"), std::string::npos);
  EXPECT_EQ(problem("/full")["detail"], "no room");
  EXPECT_EQ(problem("/nothing")["status"], 404);
  EXPECT_GE(testing::ParseResponse([&] {
              RawClient client(server->port());
              client.Send("NONSENSE\r\n\r\n");
              return client.ReceiveAll();
            }())
                .status,
            400);
}

TEST(HttpdServerTest, NoHeaderLineBeginsInsideAValue) {
  const auto server = Serve([](HttpExchange& exchange) {
    exchange.Send(200, {{"X-A", "b\r\nX-Evil: 1"}}, "text/plain", "");
  });
  const RawResponse response = Fetch(server->port(), "GET", "/");
  EXPECT_EQ(response.headers.count("x-evil"), 0u);
  EXPECT_EQ(response.headers.at("x-a"), "b__X-Evil: 1");
}

TEST(HttpdServerTest, CutsAClientThatDoesNotGetOn) {
  std::atomic<int> ended{0};
  HttpdServer::Options options;
  options.threads = 2;
  options.chunk_timeout = absl::Milliseconds(300);
  const std::string large(64 << 20, 'x');
  const auto server = Serve(
      [&](HttpExchange& exchange) {
        char byte[4096];
        if (exchange.method() == "POST") {
          while (exchange.ReadBody(byte, sizeof(byte)).value_or(0) > 0) {
          }
        } else {
          exchange.Send(200, {}, "text/plain", large);
        }
        if (exchange.client_gone()) ++ended;
      },
      options);
  // One sends a byte now and then, which keeps civetweb's time-outs happy; one
  // never reads what it asked for.
  RawClient drips(server->port());
  drips.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n");
  RawClient stalls(server->port(), 4096);
  stalls.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Eventually([&] {
    drips.Send("x");
    return ended == 2;
  }));
  EXPECT_EQ(Fetch(server->port(), "HEAD", "/").status, 200);
}

TEST(HttpdServerTest, APortThatIsTakenIsNamed) {
  const auto server = Serve([](HttpExchange&) {});
  HttpdServer::Options options;
  options.port = server->port();
  EXPECT_STATUS(HttpdServer::Start(options, [](HttpExchange&) {}),
                absl::StatusCode::kUnavailable,
                "127.0.0.1:" + std::to_string(server->port()));
}

TEST(HttpdServerTest, TellsTheObserverOfEachAnswer) {
  std::atomic<int> status{0};
  std::atomic<int64_t> bytes{0};
  auto server = HttpdServer::Start(
      {},
      [](HttpExchange& exchange) {
        exchange.Send(202, {}, "text/plain", "12345");
      },
      [&](const HttpExchange& exchange, absl::Duration took) {
        EXPECT_GE(took, absl::ZeroDuration());
        bytes = exchange.body_bytes_sent();
        status = exchange.status();
      });
  ASSERT_OK(server);
  Fetch((*server)->port(), "GET", "/");
  EXPECT_TRUE(Eventually([&] { return status == 202; }));
  EXPECT_EQ(bytes, 5);
}

TEST(HttpdServerTest, EndsWhileAClientStillHangs) {
  std::atomic<bool> entered{false};
  auto server = Serve([&](HttpExchange& exchange) {
    char byte = 0;
    entered = true;
    while (exchange.ReadBody(&byte, 1).value_or(0) > 0) {
    }
  });
  RawClient client(server->port());
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return entered.load(); }));
  const absl::Time start = absl::Now();
  server.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

}  // namespace
}  // namespace pushbroom
