#include "gmock/gmock.h"
#include "service/api/links.h"
#include "service/core/base/ids.h"
#include "tests/unit/service/api/api_fixture.h"

namespace pushbroom::api {
namespace {

using ::testing::HasSubstr;

constexpr char kHello[] = R"({"inputs":{"message":"teststring"}})";
constexpr char kTypes[] =
    "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/";

class ApiJobsTest : public ApiFixture {
 protected:
  std::string StartEcho() { return Start("echo", kHello); }
  static JobResult EchoResult() {
    JobResult result;
    result.outputs["message"].value = "teststring";
    return result;
  }
};

TEST_F(ApiJobsTest, StatusFollowsTheJob) {
  const std::string id = StartEcho();
  EXPECT_EQ(GetJson("/jobs/" + id)["status"], "accepted");
  const LeasedJob leased = Claim();
  ASSERT_OK(store_->Extend(leased.lease, absl::Seconds(30),
                           Progress{40, 4, 10, "reading"}));
  const Json running = GetJson("/jobs/" + id);
  EXPECT_EQ(running["status"], "running");
  EXPECT_EQ(running["progress"], 40);
  EXPECT_EQ(running["pushbroom:tiles_done"], 4);
  EXPECT_EQ(running["message"], "reading");
  EXPECT_TRUE(running["started"].is_string());
  EXPECT_EQ(LinkOf(running, kRelResults), "");
  ASSERT_OK(store_->Succeed(leased.lease, EchoResult()));
  const Json done = GetJson("/jobs/" + id);
  EXPECT_EQ(done["status"], "successful");
  EXPECT_EQ(done["progress"], 100);
  EXPECT_EQ(LinkOf(done, kRelResults),
            "http://api.test/jobs/" + id + "/results");
}

TEST_F(ApiJobsTest, ResultsAreNotReadyWhileTheJobRuns) {
  const std::string id = StartEcho();
  const Response response = Get("/jobs/" + id + "/results");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(JsonOf(response)["type"], std::string(kTypes) + "result-not-ready");
}

TEST_F(ApiJobsTest, AnUnknownJobIsNoSuchJob) {
  for (const std::string& id : {NewUuid(), std::string("nonsense")}) {
    for (const std::string& path : {"/jobs/" + id, "/jobs/" + id + "/results",
                                    "/jobs/" + id + "/results/message"}) {
      const Response response = Get(path);
      EXPECT_EQ(response.status, 404) << path;
      EXPECT_EQ(JsonOf(response)["type"], std::string(kTypes) + "no-such-job");
    }
    EXPECT_EQ(Now(Method::kDelete, "/jobs/" + id).status, 404);
  }
}

TEST_F(ApiJobsTest, ProbesAreNotShown) {
  Job probe;
  probe.kind = JobKind::kProbe;
  const auto submitted = store_->Submit(probe, "");
  ASSERT_OK(submitted);
  EXPECT_EQ(Get("/jobs/" + submitted->id).status, 404);
}

TEST_F(ApiJobsTest, ResultsAndOneOutputOfASuccessfulJob) {
  const std::string id = StartEcho();
  Succeed(EchoResult());
  EXPECT_EQ(Get("/jobs/" + id + "/results").body, "teststring");
  EXPECT_EQ(Get("/jobs/" + id + "/results/message").body, "teststring");
  const Response missing = Get("/jobs/" + id + "/results/nope");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(JsonOf(missing)["type"], std::string(kTypes) + "no-such-output");
}

TEST_F(ApiJobsTest, AFileIsARedirectToItsSignedUrl) {
  const std::string id = Start("clouds", kScene);
  Succeed(RasterResult());
  const Response response = Get("/jobs/" + id + "/results/classes");
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(Header(response, "Location"),
            "http://files.test" +
                tokens_.Sign("/results/" + id + "/classes", absl::Hours(1)));
}

TEST_F(ApiJobsTest, TheItemNamesItsAssetsByOurUrls) {
  const std::string id = Start("clouds", kScene);
  Succeed(RasterResult());
  const Response response = Get("/jobs/" + id + "/results/item");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/geo+json");
  EXPECT_EQ(JsonOf(response)["assets"]["classes"]["href"],
            "http://api.test/jobs/" + id + "/results/classes");
}

TEST_F(ApiJobsTest, AFailedJobTellsWhyInStatusAndResults) {
  const std::string id = StartEcho();
  ASSERT_OK(store_->Fail(
      Claim().lease, {absl::StatusCode::kNotFound, "no such file", ""}, false));
  const Json status = GetJson("/jobs/" + id);
  EXPECT_EQ(status["status"], "failed");
  EXPECT_THAT(status["message"].get<std::string>(), HasSubstr("no such file"));
  EXPECT_NE(LinkOf(status, kRelExceptions), "");
  const Response response = Get("/jobs/" + id + "/results");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(JsonOf(response)["detail"], "no such file");
}

TEST_F(ApiJobsTest, AWaitingJobIsDismissedAtOnce) {
  const std::string id = StartEcho();
  const Response response = Now(Method::kDelete, "/jobs/" + id);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(JsonOf(response)["status"], "dismissed");
  EXPECT_EQ(GetJson("/jobs/" + id)["status"], "dismissed");
  EXPECT_EQ(JsonOf(Get("/jobs/" + id + "/results"))["type"],
            std::string(kTypes) + "result-not-available");
}

TEST_F(ApiJobsTest, ARunningJobIsDismissedForItsClientBeforeItsWorkerKnows) {
  const std::string id = StartEcho();
  Claim();
  auto receiver = wakeup_->Subscribe();
  ASSERT_OK(receiver);
  EXPECT_EQ(JsonOf(Now(Method::kDelete, "/jobs/" + id))["status"], "dismissed");
  EXPECT_EQ(GetJson("/jobs/" + id)["status"], "dismissed");
  const auto hint = (*receiver)->Wait(absl::Seconds(5));
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->kind, Hint::Kind::kCancelled);
  EXPECT_EQ(hint->subject, id);
}

TEST_F(ApiJobsTest, DeletingAnEndedJobRemovesItAndItsFiles) {
  const std::string id = Start("clouds", kScene);
  const std::string key = "results/" + id + "/1/classes.tif";
  ASSERT_OK(storage_->PutBytes(key, "bytes"));
  Succeed(RasterResult());
  const Response response = Now(Method::kDelete, "/jobs/" + id);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(JsonOf(response)["status"], "dismissed");
  EXPECT_EQ(Get("/jobs/" + id).status, 404);
  EXPECT_STATUS(storage_->Stat(key), absl::StatusCode::kNotFound, "");
  EXPECT_EQ(Now(Method::kDelete, "/jobs/" + id).status, 404);
}

TEST_F(ApiJobsTest, TheListIsFilteredAndPaged) {
  const std::string first = StartEcho();
  clock_.Advance(absl::Seconds(10));
  Start("clouds", kScene);
  clock_.Advance(absl::Seconds(10));
  StartEcho();
  EXPECT_EQ(GetJson("/jobs")["jobs"].size(), 3u);
  EXPECT_EQ(GetJson("/jobs?processID=clouds")["jobs"].size(), 1u);
  EXPECT_EQ(GetJson("/jobs?processID=clouds,echo")["jobs"].size(), 3u);
  EXPECT_EQ(GetJson("/jobs?status=successful,failed")["jobs"].size(), 0u);
  EXPECT_EQ(GetJson("/jobs?type=process")["jobs"].size(), 3u);
  EXPECT_EQ(GetJson("/jobs?type=openeo")["jobs"].size(), 0u);
  const std::string created = GetJson("/jobs/" + first)["created"];
  EXPECT_EQ(GetJson("/jobs?datetime=../" + created)["jobs"].size(), 1u);
  const Json page = GetJson("/jobs?limit=2");
  EXPECT_EQ(page["jobs"].size(), 2u);
  EXPECT_EQ(LinkOf(page, "next"), "http://api.test/jobs?limit=2&offset=2");
  const Json last = GetJson("/jobs?offset=2");
  EXPECT_EQ(last["jobs"].size(), 1u);
  EXPECT_NE(LinkOf(last, "prev"), "");
}

TEST_F(ApiJobsTest, SynchronousJobsAreNotListed) {
  Ask(Method::kPost, "/processes/echo/execution", kHello);
  EXPECT_EQ(GetJson("/jobs")["jobs"].size(), 0u);
}

TEST_F(ApiJobsTest, BadQueryValuesAreNamed) {
  for (const char* query : {"status=asleep", "datetime=yesterday", "limit=0",
                            "minDuration=-1", "maxDuration=long", "offset=x"}) {
    const Response response = Get(std::string("/jobs?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(JsonOf(response)["type"],
              std::string(kTypes) + "invalid-query-parameter-value");
  }
}

}  // namespace
}  // namespace pushbroom::api
