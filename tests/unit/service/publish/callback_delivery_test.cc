#include "service/publish/callback_delivery.h"

#include "service/core/base/status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using ::testing::StartsWith;

class CallbackDeliveryTest : public ::testing::Test {
 protected:
  CallbackDeliveryTest() : tokens_("secret", clock_) {
    options_.public_url = "http://api";
    options_.files_url = "http://files";
    job_.id = "job-1";
    job_.process_id = "p";
    job_.state = JobState::kSuccessful;
    job_.request.success_uri = "https://client.example/done";
    job_.request.failed_uri = "https://client.example/failed";
    job_.result.emplace();
    job_.result->outputs["classes"].key = "results/job-1/t/classes.tif";
    job_.result->outputs["classes"].media_type = "image/tiff";
    job_.result->outputs["label"].value = "water";
    job_.result->item = Json::parse(R"({"id":"i","assets":{
        "classes":{"href":"storage:results/job-1/t/classes.tif"}}})");
  }

  absl::Status Deliver(int status) {
    CallbackDelivery delivery(
        options_, tokens_,
        [&](const HttpRequest& request) -> absl::StatusOr<HttpResponse> {
          sent_ = request;
          if (status == 0) return absl::UnavailableError("nobody answers");
          HttpResponse response;
          response.status = status;
          return response;
        });
    return delivery.Deliver(entry_, job_);
  }

  testing::FakeClock clock_;
  FileTokens tokens_;
  CallbackOptions options_;
  Job job_;
  OutboxEntry entry_;
  HttpRequest sent_;
};

TEST_F(CallbackDeliveryTest, SuccessPostsTheResults) {
  ASSERT_OK(Deliver(204));
  EXPECT_EQ(sent_.method, "POST");
  EXPECT_EQ(sent_.url, "https://client.example/done");
  EXPECT_EQ(sent_.max_redirects, 0);
  ASSERT_OK_AND_ASSIGN(const Json body, ParseJson(sent_.body));
  EXPECT_EQ(body["label"], "water");
  EXPECT_EQ(body["classes"]["type"], "image/tiff");
  EXPECT_THAT(body["classes"]["href"].get<std::string>(),
              StartsWith("http://files/results/job-1/classes?expires="));
  EXPECT_EQ(body["item"]["assets"]["classes"]["href"],
            "http://api/jobs/job-1/results/classes");
}

TEST_F(CallbackDeliveryTest, FailurePostsTheStatus) {
  job_.state = JobState::kFailed;
  job_.result.reset();
  job_.error = {absl::StatusCode::kInvalidArgument, "no such band", ""};
  ASSERT_OK(Deliver(200));
  EXPECT_EQ(sent_.url, "https://client.example/failed");
  ASSERT_OK_AND_ASSIGN(const Json body, ParseJson(sent_.body));
  EXPECT_EQ(body["status"], "failed");
  EXPECT_EQ(body["message"], "no such band");
  EXPECT_EQ(body["jobID"], "job-1");
}

TEST_F(CallbackDeliveryTest, TheEntrysOwnUrlComesFirst) {
  entry_.payload = {{"uri", "https://client.example/other"}};
  ASSERT_OK(Deliver(200));
  EXPECT_EQ(sent_.url, "https://client.example/other");
}

TEST_F(CallbackDeliveryTest, AnswersThatMayChangeAreTriedAgain) {
  for (int status : {408, 425, 429, 500, 503}) {
    EXPECT_STATUS(Deliver(status), absl::StatusCode::kUnavailable, "answered");
  }
  EXPECT_STATUS(Deliver(0), absl::StatusCode::kUnavailable, "nobody");
}

TEST_F(CallbackDeliveryTest, AnswersThatWillNotChangeAreNot) {
  for (int status : {301, 400, 404, 410}) {
    EXPECT_STATUS(Deliver(status), absl::StatusCode::kInvalidArgument,
                  std::to_string(status));
  }
}

}  // namespace
}  // namespace pushbroom
