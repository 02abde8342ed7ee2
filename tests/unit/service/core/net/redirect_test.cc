#include "service/core/net/redirect.h"

#include <string>

#include "gtest/gtest.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using Code = absl::StatusCode;

HttpResponse Answer(int status, const std::string& location) {
  HttpResponse answer;
  answer.status = status;
  answer.headers["location"] = location;
  return answer;
}

absl::StatusOr<HttpRequest> Next(const std::string& from,
                                 const std::string& location, int status = 302,
                                 const std::string& method = "GET") {
  UrlPolicyOptions options;
  options.allow_http = true;
  const absl::StatusOr<UrlPolicy> policy = UrlPolicy::Create(options);
  HttpRequest hop;
  hop.url = from;
  hop.method = method;
  hop.body = "body";
  hop.headers = {{"authorization", "Bearer x"},
                 {"X-Api-Key", "k"},
                 {"Cookie", "c"},
                 {"Accept", "image/tiff"}};
  return NextHop(*policy, hop, Answer(status, location));
}

TEST(RedirectTest, ResolvesRelativeLocations) {
  EXPECT_EQ(Next("https://a.org/x/y?q", "z")->url, "https://a.org/x/z");
  EXPECT_EQ(Next("https://a.org/x/y", "/z?k=1#f")->url, "https://a.org/z?k=1");
  EXPECT_EQ(Next("https://a.org/x", "//b.org/z")->url, "https://b.org/z");
}

TEST(RedirectTest, NeverLeavesHttps) {
  EXPECT_STATUS(Next("https://a.org/x", "http://a.org/x"),
                Code::kPermissionDenied, "leaves https");
  EXPECT_OK(Next("http://a.org/x", "https://a.org/x"));
}

TEST(RedirectTest, EveryHopPassesThePolicy) {
  EXPECT_STATUS(Next("https://a.org/x", "https://a.org:22/"),
                Code::kPermissionDenied, "redirect from https://a.org/x");
  EXPECT_STATUS(Next("https://a.org/x", "file:///etc/passwd"),
                Code::kPermissionDenied, "file");
  EXPECT_STATUS(Next("https://a.org/x", "gopher://a.org/"),
                Code::kPermissionDenied, "gopher");
  EXPECT_FALSE(
      Next("https://a.org/x", "upload:0b5c2a4e-7f1d-4c55-9d6e-2f1a3b4c5d6e")
          .ok());
  EXPECT_STATUS(Next("https://a.org/x", "https://u:p@a.org/"),
                Code::kPermissionDenied, "user information");
}

TEST(RedirectTest, SecretsStayWithTheServerTheyAreFor) {
  EXPECT_EQ(Next("https://a.org/x", "/y")->headers.size(), 4u);
  for (const char* elsewhere : {"https://b.org/y", "https://x.a.org/y"}) {
    ASSERT_OK_AND_ASSIGN(const HttpRequest next,
                         Next("https://a.org/x", elsewhere));
    EXPECT_EQ(next.headers.size(), 1u);
    EXPECT_EQ(next.headers.count("Accept"), 1u);
  }
  ASSERT_OK_AND_ASSIGN(const HttpRequest upgraded,
                       Next("http://a.org/x", "https://a.org/x"));
  EXPECT_EQ(upgraded.headers.size(), 1u);
}

TEST(RedirectTest, BecomesGetWhereTheStatusSaysSo) {
  for (int status : {301, 302, 303}) {
    ASSERT_OK_AND_ASSIGN(const HttpRequest next,
                         Next("https://a.org/x", "/y", status, "POST"));
    EXPECT_EQ(next.method, "GET");
    EXPECT_EQ(next.body, "");
  }
  for (int status : {307, 308}) {
    ASSERT_OK_AND_ASSIGN(const HttpRequest next,
                         Next("https://a.org/x", "/y", status, "POST"));
    EXPECT_EQ(next.method, "POST");
    EXPECT_EQ(next.body, "body");
  }
  EXPECT_EQ(Next("https://a.org/x", "/y", 302, "PUT")->method, "PUT");
  EXPECT_EQ(Next("https://a.org/x", "/y", 303, "HEAD")->method, "HEAD");
}

TEST(RedirectTest, NeedsALocation) {
  EXPECT_TRUE(IsRedirect(Answer(302, "/x")));
  EXPECT_FALSE(IsRedirect(Answer(200, "/x")));
  EXPECT_FALSE(IsRedirect(Answer(304, "/x")));
  HttpResponse without;
  without.status = 302;
  EXPECT_FALSE(IsRedirect(without));
}

}  // namespace
}  // namespace pushbroom
