// The gate at connect time: no spelling of a private address gets a socket.
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "service/core/net/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tiny_http_server.h"

namespace pushbroom {
namespace {

using Code = absl::StatusCode;
using testing::OptionsToReach;
using testing::TinyHttpServer;
using testing::TinyReply;

constexpr int64_t kLimit = 1 << 20;

absl::Status FetchStatus(const UrlPolicyOptions& options,
                         const std::string& url) {
  const absl::StatusOr<UrlPolicy> policy = UrlPolicy::Create(options);
  if (!policy.ok()) return policy.status();
  return HttpClient(*policy).Fetch(url, kLimit).status();
}

struct Spelling {
  const char* host;
  const char* address;  // that the refusal names; of localhost the last digit
  friend void PrintTo(const Spelling& s, std::ostream* out) { *out << s.host; }
};

class SsrfTest : public ::testing::TestWithParam<Spelling> {};

TEST_P(SsrfTest, IsRefusedAtConnectTimeWithTheAddressNamed) {
  const TinyHttpServer server;  // so that it would be answered
  UrlPolicyOptions options;
  options.allow_http = true;
  options.allowed_ports = {server.port()};
  const absl::Status status = FetchStatus(
      options,
      absl::StrCat("http://", GetParam().host, ":", server.port(), "/"));
  EXPECT_STATUS(status, Code::kPermissionDenied,
                absl::StrCat(GetParam().address, " is refused"));
  EXPECT_EQ(server.connections(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, SsrfTest,
    ::testing::Values(
        Spelling{"127.0.0.1", "127.0.0.1"}, Spelling{"localhost", "1"},
        Spelling{"LOCALHOST", "1"}, Spelling{"[::1]", "::1"},
        Spelling{"[::ffff:127.0.0.1]", "127.0.0.1"},
        Spelling{"[::ffff:7f00:1]", "127.0.0.1"},
        Spelling{"169.254.169.254", "169.254.169.254"},
        Spelling{"2130706433", "127.0.0.1"}, Spelling{"0x7f.1", "127.0.0.1"},
        Spelling{"0x7f000001", "127.0.0.1"},
        Spelling{"017700000001", "127.0.0.1"}, Spelling{"127.1", "127.0.0.1"},
        Spelling{"%31%32%37.0.0.1", "127.0.0.1"}, Spelling{"0", "0.0.0.0"},
        Spelling{"[::]", "::"}, Spelling{"10.0.0.1", "10.0.0.1"},
        Spelling{"172.16.0.1", "172.16.0.1"},
        Spelling{"192.168.1.1", "192.168.1.1"},
        Spelling{"100.100.100.200", "100.100.100.200"},
        Spelling{"[fd00::1]", "fd00::1"}, Spelling{"[fe80::1]", "fe80::1"},
        Spelling{"[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe"},
        Spelling{"[2002:7f00:1::]", "2002:7f00:1::"}));

TEST(HttpClientGateTest, ARedirectToAPrivateAddressIsRefused) {
  TinyHttpServer server;
  const std::string port = absl::StrCat(":", server.port(), "/");
  for (const std::string& target :
       {"http://10.0.0.1" + port, "http://169.254.169.254" + port,
        "http://[::1]" + port, "//192.168.0.1" + port}) {
    TinyReply reply;
    reply.status = 302;
    reply.headers["Location"] = target;
    server.Serve("/hop", reply);
    EXPECT_STATUS(FetchStatus(OptionsToReach(server), server.Url("/hop")),
                  Code::kPermissionDenied, "is refused");
  }
}

TEST(HttpClientGateTest, ARedirectToAFileIsRefused) {
  TinyHttpServer server;
  TinyReply reply;
  reply.status = 302;
  reply.headers["Location"] = "file:///etc/passwd";
  server.Serve("/hop", reply);
  UrlPolicyOptions options = OptionsToReach(server);
  options.file_roots = {"/etc"};
  EXPECT_STATUS(FetchStatus(options, server.Url("/hop")),
                Code::kPermissionDenied, "no web address");
}

// localhost is often ::1 first: the refused address must not hide the good one.
TEST(HttpClientGateTest, TriesTheAllowedAddressesOfAHost) {
  TinyHttpServer server;
  server.Serve("/a", "hello");
  EXPECT_OK(
      FetchStatus(OptionsToReach(server),
                  absl::StrCat("http://localhost:", server.port(), "/a")));
}

TEST(HttpClientGateTest, OnlyTheWebIsFetched) {
  UrlPolicyOptions options;
  options.file_roots = {"/etc"};
  EXPECT_STATUS(FetchStatus(options, "file:///etc/passwd"),
                Code::kInvalidArgument, "no web address");
  EXPECT_STATUS(FetchStatus(options, "gopher://127.0.0.1/"),
                Code::kPermissionDenied, "gopher");
}

TEST(HttpClientGateTest, TheEnvironmentsProxyIsNotUsed) {
  TinyHttpServer proxy;
  TinyHttpServer server;
  server.Serve("/a", "hello");
  ASSERT_EQ(::setenv("http_proxy", proxy.Url("").c_str(), 1), 0);
  EXPECT_OK(FetchStatus(OptionsToReach(server), server.Url("/a")));
  ASSERT_EQ(::unsetenv("http_proxy"), 0);
  EXPECT_EQ(proxy.connections(), 0);
}

}  // namespace
}  // namespace pushbroom
