#include "service/api/router.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pushbroom::api {
namespace {

using ::testing::Contains;
using ::testing::Pair;

Answer Say(std::string text) {
  Response response;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

Router Example() {
  Router router;
  router.Add(Method::kGet, "/jobs",
             [](const Request&, const PathValues&) { return Say("list"); });
  router.Add(Method::kGet, "/jobs/{jobId}",
             [](const Request&, const PathValues& values) {
               return Say("job " + values.find("jobId")->second);
             });
  router.Add(Method::kDelete, "/jobs/{jobId}",
             [](const Request&, const PathValues&) { return Say("gone"); });
  return router;
}

Response Ask(Method method, std::string path) {
  Request request;
  request.method = method;
  request.path = std::move(path);
  return std::get<Response>(Example().Route(request));
}

TEST(RouterTest, GivesTheValuesOfThePathTemplate) {
  const Response response = Ask(Method::kGet, "/jobs/17");
  EXPECT_EQ(response.body, "job 17");
  EXPECT_EQ(response.route, "/jobs/{jobId}");
}

TEST(RouterTest, IgnoresEmptySegments) {
  EXPECT_EQ(Ask(Method::kGet, "//jobs/").body, "list");
}

TEST(RouterTest, AnswersHeadLikeGet) {
  EXPECT_EQ(Ask(Method::kHead, "/jobs").body, "list");
}

TEST(RouterTest, AnUnknownPathIsNotFound) {
  EXPECT_EQ(Ask(Method::kGet, "/job").status, 404);
  EXPECT_EQ(Ask(Method::kGet, "/jobs/1/2").status, 404);
}

TEST(RouterTest, AnotherMethodIsRefusedWithThoseAllowed) {
  const Response response = Ask(Method::kPut, "/jobs/17");
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers,
              Contains(Pair("Allow", "GET, HEAD, DELETE, OPTIONS")));
}

TEST(RouterTest, OptionsTellsBrowsersOfOtherOriginsWhatTheyMaySend) {
  const Response response = Ask(Method::kOptions, "/jobs/17");
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Methods",
                                              "GET, HEAD, DELETE, OPTIONS")));
}

TEST(RouterTest, EveryAnswerExposesItsHeadersToOtherOrigins) {
  for (const char* path : {"/jobs", "/nowhere"}) {
    const Response response = Ask(Method::kGet, path);
    EXPECT_THAT(response.headers,
                Contains(Pair("Access-Control-Allow-Origin", "*")));
    EXPECT_THAT(response.headers,
                Contains(Pair("Access-Control-Expose-Headers",
                              ::testing::HasSubstr("Location"))));
  }
}

TEST(RouterTest, AParkedAnswerGetsItsHeadersWhenItIsSent) {
  Router router;
  router.Add(Method::kPost, "/run", [](const Request&, const PathValues&) {
    Parked parked;
    parked.done = [](const absl::StatusOr<Job>&) { return Response(); };
    return parked;
  });
  Request request;
  request.method = Method::kPost;
  request.path = "/run";
  const Answer answer = router.Route(request);
  const Response response = std::get<Parked>(answer).done(Job());
  EXPECT_EQ(response.route, "/run");
  EXPECT_THAT(response.headers,
              Contains(Pair("Access-Control-Allow-Origin", "*")));
}

}  // namespace
}  // namespace pushbroom::api
