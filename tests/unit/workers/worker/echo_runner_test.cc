#include "workers/echo_runner.h"

#include <thread>

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

Job EchoJob() {
  Job job;
  job.process_id = kEchoProcess;
  job.request.values = {{"message", "hello"},
                        {"mixed", {{"a", 1}}},
                        {"box", {{"bbox", {1, 2, 3, 4}}}},
                        {"numbers", {1, 2, 3}}};
  return job;
}

TEST(EchoTest, OutputsRepeatInputs) {
  const Job job = EchoJob();
  ASSERT_OK_AND_ASSIGN(const JobResult result, RunEcho(job, RunContext()));
  ASSERT_EQ(result.outputs.size(), 4u);
  EXPECT_EQ(result.outputs.at("message").value, "hello");
  EXPECT_EQ(result.outputs.at("message").media_type, "text/plain");
  EXPECT_EQ(result.outputs.at("box").value, job.request.values["box"]);
  EXPECT_EQ(result.outputs.at("numbers").media_type, "application/json");
  EXPECT_TRUE(result.item.is_null());
}

TEST(EchoTest, GivesTheOutputsAskedFor) {
  Job job = EchoJob();
  job.request.outputs.emplace();
  (*job.request.outputs)["numbers"] = OutputRequest();
  ASSERT_OK_AND_ASSIGN(const JobResult result, RunEcho(job, RunContext()));
  ASSERT_EQ(result.outputs.size(), 1u);
  EXPECT_EQ(result.outputs.begin()->first, "numbers");
}

TEST(EchoTest, PauseIsNoOutputAndEndsWhenCancelled) {
  Job job = EchoJob();
  job.request.values["pause"] = 60;
  RunContext context;
  std::thread canceller(
      [&context] { context.cancel.Cancel(absl::CancelledError("dismissed")); });
  EXPECT_STATUS(RunEcho(job, context), absl::StatusCode::kCancelled,
                "dismissed");
  canceller.join();

  job.request.values["pause"] = 0.01;
  ASSERT_OK_AND_ASSIGN(const JobResult result, RunEcho(job, RunContext()));
  EXPECT_EQ(result.outputs.count("pause"), 0u);
}

}  // namespace
}  // namespace pushbroom
