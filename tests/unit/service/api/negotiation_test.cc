#include "service/api/negotiation.h"

#include "gtest/gtest.h"

namespace pushbroom::api {
namespace {

std::optional<std::string> Choose(std::string accept,
                                  std::vector<std::string> offered) {
  Request request;
  if (!accept.empty()) request.headers["accept"] = std::move(accept);
  return NegotiateMedia(request, offered);
}

TEST(NegotiationTest, TheFirstOfferedIsGivenToWhoeverDoesNotCare) {
  EXPECT_EQ(Choose("", {kJsonMedia, kHtmlMedia}), kJsonMedia);
  EXPECT_EQ(Choose("*/*", {kJsonMedia, kHtmlMedia}), kJsonMedia);
}

TEST(NegotiationTest, QualityDecides) {
  EXPECT_EQ(Choose("application/json;q=0.5, text/html;q=0.9",
                   {kJsonMedia, kHtmlMedia}),
            kHtmlMedia);
  EXPECT_EQ(Choose("text/html, */*;q=0.1", {kJsonMedia, kHtmlMedia}),
            kHtmlMedia);
}

TEST(NegotiationTest, TheMorePreciseRangeDecidesAboutAType) {
  EXPECT_EQ(Choose("application/json;q=0, */*", {kJsonMedia}), std::nullopt);
}

TEST(NegotiationTest, ABrowserThatTakesAnythingLastGetsJson) {
  EXPECT_EQ(Choose("text/html,application/xhtml+xml,*/*;q=0.8", {kJsonMedia}),
            kJsonMedia);
}

TEST(NegotiationTest, NothingFittingIsNoAnswer) {
  EXPECT_EQ(Choose("image/png", {kJsonMedia}), std::nullopt);
}

TEST(NegotiationTest, TheQueryParameterWinsOverAccept) {
  Request request;
  request.headers["accept"] = "text/html";
  request.query = {{"f", "json"}};
  EXPECT_EQ(NegotiateMedia(request, {kHtmlMedia, kJsonMedia}), kJsonMedia);
  request.query = {{"f", "html"}};
  EXPECT_EQ(NegotiateMedia(request, {kJsonMedia}), std::nullopt);
}

TEST(NegotiationTest, ParametersOfTheOfferedTypeDoNotMatter) {
  EXPECT_EQ(Choose("application/vnd.oai.openapi+json", {kOpenApiMedia}),
            kOpenApiMedia);
}

TEST(PreferTest, ReadsRespondAsyncHoweverItIsPadded) {
  EXPECT_TRUE(ParsePrefer("respond-async").respond_async);
  EXPECT_TRUE(ParsePrefer("respond-async ").respond_async);
  EXPECT_TRUE(ParsePrefer("return=minimal, Respond-Async").respond_async);
  EXPECT_FALSE(ParsePrefer("").respond_async);
  EXPECT_FALSE(ParsePrefer("respond-asynchronously").respond_async);
}

TEST(PreferTest, ReadsWaitInSeconds) {
  EXPECT_EQ(ParsePrefer("wait=7").wait, absl::Seconds(7));
  EXPECT_EQ(ParsePrefer("respond-async, wait=\"0\"").wait,
            absl::ZeroDuration());
  EXPECT_EQ(ParsePrefer("wait=-1").wait, std::nullopt);
  EXPECT_EQ(ParsePrefer("wait=soon").wait, std::nullopt);
}

TEST(ContentTypeTest, JsonInItsFormsIsJson) {
  EXPECT_TRUE(IsJsonContent(""));
  EXPECT_TRUE(IsJsonContent("application/json; charset=UTF-8"));
  EXPECT_TRUE(IsJsonContent("application/geo+json"));
  EXPECT_FALSE(IsJsonContent("text/plain"));
  EXPECT_FALSE(IsJsonContent("multipart/form-data; boundary=x"));
}

}  // namespace
}  // namespace pushbroom::api
