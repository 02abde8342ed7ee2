#include "service/api/problem.h"

#include "gtest/gtest.h"
#include "service/core/base/json.h"
#include "service/core/base/status.h"

namespace pushbroom::api {
namespace {

Json BodyOf(const Response& response) {
  const auto json = ParseJson(response.body);
  EXPECT_TRUE(json.ok()) << response.body;
  return json.ok() ? *json : Json();
}

TEST(ProblemTest, BodyHasTheMembersOfTheStandardAndOurPointer) {
  Request request;
  request.path = "/jobs";
  const Response response =
      Render(ProblemFrom(WithPointer(absl::InvalidArgumentError("limit is -1"),
                                     "/inputs/limit")),
             request);
  EXPECT_EQ(response.status, 400);
  // The OGC test suite refuses problem+json here.
  EXPECT_EQ(response.content_type, "application/json");
  const Json body = BodyOf(response);
  EXPECT_EQ(body["status"], 400);
  EXPECT_EQ(body["detail"], "limit is -1");
  EXPECT_EQ(body["pointer"], "/inputs/limit");
  EXPECT_EQ(body["instance"], "/jobs");
  EXPECT_TRUE(body["type"].is_string());
  EXPECT_TRUE(body["title"].is_string());
}

TEST(ProblemTest, AFullQueueSaysWhenToComeBack) {
  const Problem problem = ProblemFrom(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(problem.status, 429);
  ASSERT_EQ(problem.headers.size(), 1u);
  EXPECT_EQ(problem.headers[0].first, "Retry-After");
}

TEST(ProblemTest, AFailedJobIsNeverAMissingOrABusyOne) {
  EXPECT_EQ(ProblemOfJob({absl::StatusCode::kNotFound, "no file", ""}).status,
            400);
  EXPECT_EQ(
      ProblemOfJob({absl::StatusCode::kResourceExhausted, "big", ""}).status,
      400);
  EXPECT_EQ(ProblemOfJob({absl::StatusCode::kInternal, "bug", ""}).status, 500);
}

TEST(ProblemTest, TheStandardsTypesAreSpelledExactly) {
  const std::string prefix =
      "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/";
  EXPECT_EQ(NoSuchProcess("x").type, prefix + "no-such-process");
  EXPECT_EQ(NoSuchJob("x").type, prefix + "no-such-job");
  EXPECT_EQ(ResultNotReady(Job()).type, prefix + "result-not-ready");
}

TEST(ProblemTest, ListsEveryErrorAndTellsTheFirst) {
  const Response response =
      Render(InvalidRequest({{"/inputs/a", "first"}, {"/inputs/b", "second"}}),
             Request());
  const Json body = BodyOf(response);
  EXPECT_EQ(body["detail"], "first");
  EXPECT_EQ(body["pointer"], "/inputs/a");
  ASSERT_EQ(body["errors"].size(), 2u);
  EXPECT_EQ(body["errors"][1]["pointer"], "/inputs/b");
}

}  // namespace
}  // namespace pushbroom::api
