// The resources that only tell: landing page, conformance, processes.
#include "gmock/gmock.h"
#include "tests/unit/service/api/api_fixture.h"

namespace pushbroom::api {
namespace {

using ::testing::Contains;

class ApiPagesTest : public ApiFixture {};

TEST_F(ApiPagesTest, TheLandingPageLinksWhatTheStandardAsksFor) {
  const Json body = GetJson("/");
  for (const char* rel : {"self", "service-desc",
                          "http://www.opengis.net/def/rel/ogc/1.0/conformance",
                          "http://www.opengis.net/def/rel/ogc/1.0/processes",
                          "http://www.opengis.net/def/rel/ogc/1.0/job-list"}) {
    EXPECT_NE(LinkOf(body, rel), "") << rel;
  }
}

TEST_F(ApiPagesTest, EveryLinkOfTheLandingPageResolves) {
  for (const Json& link : GetJson("/").at("links")) {
    const std::string href = link.at("href");
    const std::string path = href.substr(std::string("http://api.test").size());
    EXPECT_EQ(Get(path).status, 200) << href;
  }
}

TEST_F(ApiPagesTest, TheApiDefinitionNamesEveryPath) {
  const Response response = Get("/api");
  EXPECT_EQ(response.content_type,
            "application/vnd.oai.openapi+json;version=3.0");
  const Json body = JsonOf(response);
  EXPECT_EQ(body["openapi"], "3.0.3");
  EXPECT_EQ(body["paths"].size(), 10u);
  EXPECT_TRUE(body["paths"]["/jobs/{jobId}"].contains("delete"));
  EXPECT_EQ(body["servers"][0]["url"], "http://api.test");
}

TEST_F(ApiPagesTest, ConformanceClaimsTheCore) {
  EXPECT_THAT(
      GetJson("/conformance")["conformsTo"],
      Contains(Json(
          "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core")));
}

TEST_F(ApiPagesTest, AFormatThatIsNotOfferedIsNotAcceptable) {
  EXPECT_EQ(Now(Method::kGet, "/", "", {{"accept", "image/png"}}).status, 406);
  EXPECT_EQ(Get("/processes?f=html").status, 406);
  EXPECT_EQ(Get("/conformance?f=json").status, 200);
}

TEST_F(ApiPagesTest, TheListIsPagedByLimit) {
  const Json all = GetJson("/processes");
  ASSERT_EQ(all["processes"].size(), 3u);
  const Json page = GetJson("/processes?limit=1");
  ASSERT_EQ(page["processes"].size(), 1u);
  const std::string next = LinkOf(page, "next");
  EXPECT_EQ(next, "http://api.test/processes?limit=1&offset=1");
  EXPECT_EQ(LinkOf(page, "prev"), "");
  EXPECT_EQ(Get("/processes?limit=0").status, 400);
  EXPECT_EQ(Get("/processes?limit=x").status, 400);
}

TEST_F(ApiPagesTest, TheListIsSearchedByWords) {
  const Json found = GetJson("/processes?q=CLOUDS");
  ASSERT_EQ(found["processes"].size(), 1u);
  EXPECT_EQ(found["processes"][0]["id"], "clouds");
  EXPECT_EQ(GetJson("/processes?q=nothing-such")["processes"].size(), 0u);
}

TEST_F(ApiPagesTest, AModelThatCannotRunIsListedWithTheReason) {
  for (const Json& process : GetJson("/processes")["processes"]) {
    EXPECT_NE(LinkOf(process, "self"), "");
    if (process["id"] == "broken") {
      EXPECT_EQ(process["pushbroom:state"], "unavailable");
      EXPECT_NE(process["pushbroom:reason"], "");
      EXPECT_TRUE(process["pushbroom:diagnostics"].is_array());
    } else if (process["id"] == "clouds") {
      EXPECT_EQ(process["pushbroom:state"], "available");
    } else {
      EXPECT_FALSE(process.contains("pushbroom:state"));
    }
  }
}

TEST_F(ApiPagesTest, ADescriptionLinksToItsExecution) {
  const Json body = GetJson("/processes/clouds");
  EXPECT_EQ(LinkOf(body, "http://www.opengis.net/def/rel/ogc/1.0/execute"),
            "http://api.test/processes/clouds/execution");
  EXPECT_EQ(LinkOf(body, "self"), "http://api.test/processes/clouds");
  EXPECT_NE(LinkOf(body, "alternate"), "");
  EXPECT_TRUE(body["inputs"].is_object());
}

TEST_F(ApiPagesTest, AnUnknownProcessIsNoSuchProcess) {
  for (const Response& response :
       {Get("/processes/nope"),
        Now(Method::kPost, "/processes/nope/execution", "{}")}) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(JsonOf(response)["type"],
              "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
              "no-such-process");
  }
}

}  // namespace
}  // namespace pushbroom::api
