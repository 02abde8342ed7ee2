// UrlPolicy::CheckAddress: what a socket may be opened to.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "service/core/net/url_policy.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

sockaddr_storage Address(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
    v6->sin6_family = AF_INET6;
  }
  return storage;
}

absl::Status Check(const std::string& text,
                   const std::vector<std::string>& networks = {}) {
  UrlPolicyOptions options;
  options.allowed_networks = networks;
  absl::StatusOr<UrlPolicy> policy = UrlPolicy::Create(options);
  EXPECT_OK(policy);
  const sockaddr_storage address = Address(text);
  return policy->CheckAddress(reinterpret_cast<const sockaddr*>(&address));
}

TEST(AddressPolicyTest, RefusesEverySpecialRangeAtBothEnds) {
  for (const char* text : {
           "0.0.0.0",         "0.255.255.255",   "10.0.0.0",
           "10.255.255.255",  "100.64.0.0",      "100.127.255.255",
           "127.0.0.1",       "127.255.255.255", "169.254.0.0",
           "169.254.169.254", "169.254.255.255", "172.16.0.0",
           "172.31.255.255",  "192.0.0.0",       "192.0.0.255",
           "192.0.2.1",       "192.88.99.1",     "192.168.0.0",
           "192.168.255.255", "198.18.0.0",      "198.19.255.255",
           "198.51.100.7",    "203.0.113.7",     "224.0.0.1",
           "239.255.255.255", "240.0.0.1",       "255.255.255.255",
       }) {
    EXPECT_STATUS(Check(text), absl::StatusCode::kPermissionDenied, text);
  }
}

TEST(AddressPolicyTest, LetsTheirPublicNeighboursThrough) {
  for (const char* text : {
           "1.0.0.0",
           "9.255.255.255",
           "11.0.0.0",
           "100.63.255.255",
           "100.128.0.0",
           "126.255.255.255",
           "128.0.0.0",
           "169.253.255.255",
           "169.255.0.0",
           "172.15.255.255",
           "172.32.0.0",
           "192.0.1.0",
           "192.167.255.255",
           "192.169.0.0",
           "198.17.255.255",
           "198.20.0.0",
           "223.255.255.255",
           "8.8.8.8",
       }) {
    SCOPED_TRACE(text);
    EXPECT_OK(Check(text));
  }
}

TEST(AddressPolicyTest, RefusesIpv6OutsideGlobalUnicast) {
  for (const char* text :
       {"::", "::1", "fe80::1", "fc00::1", "fd00::1", "ff02::1", "100::1",
        "64:ff9b:1::1", "::7f00:1", "1fff:ffff::1", "4000::1", "2001::1",
        "2001:1ff::1", "2001:db8::1", "3fff::1", "5f00::1"}) {
    EXPECT_STATUS(Check(text), absl::StatusCode::kPermissionDenied,
                  "is refused");
  }
  for (const char* text : {"2001:200::1", "2606:4700::1111", "2a00:1450::1"}) {
    SCOPED_TRACE(text);
    EXPECT_OK(Check(text));
  }
}

TEST(AddressPolicyTest, JudgesCarriedIpv4AddressesByThemselves) {
  EXPECT_STATUS(Check("::ffff:127.0.0.1"), absl::StatusCode::kPermissionDenied,
                "127.0.0.0/8");
  EXPECT_STATUS(Check("64:ff9b::a9fe:a9fe"),
                absl::StatusCode::kPermissionDenied, "169.254.169.254");
  EXPECT_STATUS(Check("2002:0a00:0001::1"), absl::StatusCode::kPermissionDenied,
                "10.0.0.1");
  EXPECT_OK(Check("::ffff:8.8.8.8"));
  EXPECT_OK(Check("64:ff9b::808:808"));
  EXPECT_OK(Check("2002:0808:0808::1"));
}

TEST(AddressPolicyTest, OpensAllowedNetworksOnly) {
  EXPECT_OK(Check("10.1.2.3", {"10.1.0.0/16"}));
  EXPECT_OK(Check("::ffff:10.1.2.3", {"10.1.0.0/16"}));
  EXPECT_OK(Check("10.1.2.3", {"10.1.2.3"}));
  EXPECT_OK(Check("fd12:3456::9", {"fd12:3456::/32"}));
  EXPECT_OK(Check("100.64.7.1", {"100.64.6.0/23"}));
  EXPECT_FALSE(Check("10.2.0.0", {"10.1.0.0/16"}).ok());
  EXPECT_FALSE(Check("10.1.2.4", {"10.1.2.3"}).ok());
  EXPECT_FALSE(Check("fd12:3457::9", {"fd12:3456::/32"}).ok());
  EXPECT_FALSE(Check("::1", {"127.0.0.0/8"}).ok());
}

// A NAT64 gateway stands elsewhere: opening a private network for us does not
// open the gateway's own.
TEST(AddressPolicyTest, AllowedNetworksDoNotReachThroughNat64) {
  EXPECT_FALSE(Check("64:ff9b::10.1.2.3", {"10.1.0.0/16"}).ok());
}

TEST(AddressPolicyTest, RefusesOtherFamilies) {
  ASSERT_OK_AND_ASSIGN(const UrlPolicy policy, UrlPolicy::Create({}));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_STATUS(policy.CheckAddress(reinterpret_cast<const sockaddr*>(&local)),
                absl::StatusCode::kPermissionDenied, "family");
}

TEST(AddressPolicyTest, UnderstandsItsNetworksOrIsNotMade) {
  for (const char* text : {"10.0.0.0/33", "fd00::/129", "10.0.0/8", "example",
                           "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", ""}) {
    UrlPolicyOptions options;
    options.allowed_networks = {text};
    EXPECT_STATUS(UrlPolicy::Create(options),
                  absl::StatusCode::kInvalidArgument, "allowed network");
  }
}

}  // namespace
}  // namespace pushbroom
