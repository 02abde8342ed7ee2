#include "gmock/gmock.h"
#include "tests/unit/service/api/api_fixture.h"

namespace pushbroom::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kEcho[] = "/processes/echo/execution";
constexpr char kHello[] = R"({"inputs":{"message":"teststring"}})";

class ApiExecutionTest : public ApiFixture {
 protected:
  Parked Park(const std::string& path, const std::string& body,
              const Headers& headers = {}) {
    Answer answer = Ask(Method::kPost, path, body, headers);
    if (auto* response = std::get_if<Response>(&answer)) {
      ADD_FAILURE() << response->status << " " << response->body;
      return Parked();
    }
    return std::get<Parked>(std::move(answer));
  }
  // What a synchronous request gets when its job ends with `result`.
  Response Sync(const std::string& path, const std::string& body,
                const JobResult& result) {
    const Parked parked = Park(path, body);
    Succeed(result);
    return parked.done(store_->Get(parked.job_id));
  }
  static JobResult Values(
      const std::vector<std::pair<std::string, Json>>& values) {
    JobResult result;
    for (const auto& [id, value] : values) result.outputs[id].value = value;
    return result;
  }
};

TEST_F(ApiExecutionTest, AsynchronousExecutionMakesAJob) {
  auto receiver = wakeup_->Subscribe();
  ASSERT_OK(receiver);
  const Response response =
      Now(Method::kPost, kEcho, kHello, {{"prefer", "respond-async "}});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(Header(response, "Preference-Applied"), "respond-async");
  const Json body = JsonOf(response);
  const std::string id = body["jobID"];
  EXPECT_EQ(Header(response, "Location"), "http://api.test/jobs/" + id);
  EXPECT_EQ(body["status"], "accepted");
  EXPECT_EQ(body["type"], "process");
  EXPECT_EQ(LinkOf(body, "monitor"), "http://api.test/jobs/" + id);
  for (const auto& [name, value] : body.items()) {
    EXPECT_FALSE(value.is_null()) << name;
  }
  const auto hint = (*receiver)->Wait(absl::Seconds(5));
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->kind, Hint::Kind::kReady);
}

TEST_F(ApiExecutionTest, WithoutPreferenceTheClientWaits) {
  const Parked parked = Park(kEcho, kHello);
  EXPECT_EQ(parked.deadline, clock_.Now() + absl::Seconds(25));
  const auto job = store_->Get(parked.job_id);
  ASSERT_OK(job);
  EXPECT_FALSE(job->listed);
  EXPECT_EQ(job->request.values["message"], "teststring");
}

TEST_F(ApiExecutionTest, OneRawValueIsTheBody) {
  const Response response =
      Sync(kEcho, R"({"inputs":{"message":"teststring"},"response":"raw",
                      "outputs":{"message":{}}})",
           Values({{"message", "teststring"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.content_type, HasSubstr("text/plain"));
  EXPECT_EQ(response.body, "teststring");
  // A Link header on a synchronous answer fails the OGC test suite.
  EXPECT_EQ(Header(response, "Link"), "");
}

TEST_F(ApiExecutionTest, SeveralRawValuesAreAMultipart) {
  const Response response =
      Sync(kEcho, kHello, Values({{"message", "teststring"}, {"n", {1, 2}}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.content_type, HasSubstr("multipart/related; boundary="));
  EXPECT_THAT(response.body, HasSubstr("Content-ID: <message>"));
  EXPECT_THAT(response.body, HasSubstr("\r\n\r\nteststring\r\n"));
  EXPECT_THAT(response.body, HasSubstr("\r\n\r\n[1,2]\r\n"));
}

TEST_F(ApiExecutionTest, ADocumentHasValuesAndLinks) {
  const Response response =
      Sync("/processes/clouds/execution",
           R"({"inputs":{"image":{"href":"https://example.org/a.tif"}},
               "response":"document"})",
           RasterResult());
  ASSERT_EQ(response.status, 200);
  const Json body = JsonOf(response);
  EXPECT_THAT(body["classes"]["href"].get<std::string>(),
              HasSubstr("/results/classes"));
  EXPECT_EQ(body["classes"]["type"], "image/tiff; application=geotiff");
  // Hrefs inside storage become ours, others stay.
  const Json& assets = body["item"]["value"]["assets"];
  EXPECT_THAT(assets["classes"]["href"].get<std::string>(),
              HasSubstr("http://api.test/jobs/"));
  EXPECT_EQ(assets["source"]["href"], "https://example.org/a.tif");
}

TEST_F(ApiExecutionTest, OneRawFileIsARedirectThatAGetFollows) {
  const Response response =
      Sync("/processes/clouds/execution",
           R"({"inputs":{"image":{"href":"https://example.org/a.tif"}},
               "outputs":{"classes":{}}})",
           RasterResult());
  EXPECT_EQ(response.status, 303);
  EXPECT_THAT(Header(response, "Location"),
              HasSubstr("http://files.test/results/"));
  EXPECT_THAT(Header(response, "Location"), HasSubstr("token="));
}

TEST_F(ApiExecutionTest, ReferencesAreLinkHeaders) {
  const Response response =
      Sync("/processes/clouds/execution",
           R"({"inputs":{"image":{"href":"https://example.org/a.tif"}},
               "outputs":{"classes":{"transmissionMode":"reference"}}})",
           RasterResult());
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(Header(response, "Link"), HasSubstr("/results/classes>; rel="));
}

TEST_F(ApiExecutionTest, NoOutputsAskedForIsNoContent) {
  const Response response =
      Sync(kEcho, R"({"inputs":{"message":"x"},"outputs":{}})",
           Values({{"message", "x"}}));
  EXPECT_EQ(response.status, 204);
}

TEST_F(ApiExecutionTest, AtTheDeadlineTheClientGetsTheJob) {
  const Parked parked = Park(kEcho, kHello, {{"prefer", "wait=2"}});
  EXPECT_EQ(parked.deadline, clock_.Now() + absl::Seconds(2));
  const Response response = parked.done(store_->Get(parked.job_id));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(Header(response, "Location"),
            "http://api.test/jobs/" + parked.job_id);
  EXPECT_EQ(Header(response, "Preference-Applied"), "wait=2");
  EXPECT_THAT(JsonOf(response)["message"].get<std::string>(),
              HasSubstr("goes on"));
}

TEST_F(ApiExecutionTest, WaitIsNoLongerThanTheServiceAllows) {
  EXPECT_EQ(Park(kEcho, kHello, {{"prefer", "wait=3600"}}).deadline,
            clock_.Now() + absl::Seconds(25));
}

TEST_F(ApiExecutionTest, AFailedJobAnswersWithItsReason) {
  const Parked parked = Park("/processes/clouds/execution", kScene);
  EXPECT_OK(store_->Fail(
      Claim().lease,
      {absl::StatusCode::kInvalidArgument, "no band nir", "/inputs/image"},
      false));
  const Response response = parked.done(store_->Get(parked.job_id));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(JsonOf(response)["detail"], "no band nir");
  EXPECT_EQ(JsonOf(response)["pointer"], "/inputs/image");
}

TEST_F(ApiExecutionTest, BadBodiesAreRefusedBeforeAJobExists) {
  std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string("{"), std::string(), deep,
        std::string(R"b({"invalid-execute-request":"true)"})b"),
        std::string(R"({"inputs":{"message":7}})")}) {
    const Response response = Now(Method::kPost, kEcho, body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 80);
    EXPECT_EQ(response.content_type, "application/json");
  }
  JobFilter everything;
  everything.include_unlisted = true;
  const auto page = store_->List(everything);
  ASSERT_OK(page);
  EXPECT_EQ(page->matched, 0);
}

TEST_F(ApiExecutionTest, OtherMediaTypesAndLargeBodiesAreRefused) {
  EXPECT_EQ(Now(Method::kPost, kEcho, kHello, {{"content-type", "text/plain"}})
                .status,
            415);
  EXPECT_EQ(Now(Method::kPost, kEcho, std::string(2 << 20, ' ')).status, 413);
}

TEST_F(ApiExecutionTest, AModelThatCannotRunSaysWhy) {
  const Response response =
      Now(Method::kPost, "/processes/broken/execution", kScene);
  EXPECT_EQ(response.status, 501);
  EXPECT_THAT(JsonOf(response)["detail"].get<std::string>(),
              HasSubstr("cannot be executed"));
}

TEST_F(ApiExecutionTest, AFullQueueSaysWhenToComeBack) {
  const Headers async = {{"prefer", "respond-async"}};
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Now(Method::kPost, kEcho, kHello, async).status, 201);
  }
  const Response response = Now(Method::kPost, kEcho, kHello, async);
  EXPECT_EQ(response.status, 429);
  EXPECT_NE(Header(response, "Retry-After"), "");
}

TEST_F(ApiExecutionTest, TheSameIdempotencyKeyIsTheSameJob) {
  const Headers headers = {{"prefer", "respond-async"},
                           {"idempotency-key", "k1"}};
  const Json first = JsonOf(Now(Method::kPost, kEcho, kHello, headers));
  const Json second = JsonOf(Now(Method::kPost, kEcho, kHello, headers));
  EXPECT_EQ(first["jobID"], second["jobID"]);
}

TEST_F(ApiExecutionTest, AnIdempotencyKeyNeverFindsAJobOfTheServiceItself) {
  Job probe;
  probe.kind = JobKind::kProbe;
  const auto own = store_->Submit(probe, "probe:abc:default");
  ASSERT_OK(own);
  const Json job = JsonOf(Now(
      Method::kPost, kEcho, kHello,
      {{"prefer", "respond-async"}, {"idempotency-key", "probe:abc:default"}}));
  ASSERT_TRUE(job["jobID"].is_string());
  EXPECT_NE(job["jobID"], own->id);
}

TEST_F(ApiExecutionTest, TheTraceContextTravelsWithTheJobIfItIsOne) {
  const std::string trace(
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(store_->Get(Park(kEcho, kHello, {{"traceparent", trace}}).job_id)
                ->traceparent,
            trace);
  EXPECT_EQ(store_->Get(Park(kEcho, kHello, {{"traceparent", "x"}}).job_id)
                ->traceparent,
            "");
}

}  // namespace
}  // namespace pushbroom::api
