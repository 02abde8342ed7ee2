#include "service/publish/publisher.h"

#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "service/core/base/status.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using ::testing::ElementsAre;
using testing::FakeClock;

// Answers as it is told and remembers what it was given.
struct Recorder final : public Delivery {
  absl::Status Deliver(const OutboxEntry& entry, const Job& job) override {
    delivered.push_back(job.id);
    if (on_deliver) on_deliver();
    (void)entry;
    return answer;
  }
  int max_attempts() const override { return limit; }
  absl::Status answer;
  int limit = 0;
  std::vector<std::string> delivered;
  std::function<void()> on_deliver;
};

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest()
      : store_(NewMemoryJobStore(JobStore::Options(), clock_)),
        wakeup_(NewMemoryWakeup()) {}

  std::unique_ptr<Publisher> Make(const std::string& holder = "a") {
    auto recorder = std::make_unique<Recorder>();
    recorder_ = recorder.get();
    std::map<std::string, std::unique_ptr<Delivery>> deliveries;
    deliveries["item"] = std::move(recorder);
    PublisherOptions options;
    options.holder = holder;
    return std::make_unique<Publisher>(options, *store_, *wakeup_, clock_,
                                       std::move(deliveries), nullptr);
  }

  // A job that ended with an item.
  std::string Finish() {
    Job job;
    job.process_id = "p";
    EXPECT_OK(store_->Submit(job, ""));
    auto leased = store_->Claim({"worker", "default"});
    EXPECT_OK(leased);
    JobResult result;
    result.item = {{"id", "x"}};
    EXPECT_OK(store_->Succeed((*leased)->lease, result));
    return (*leased)->job.id;
  }

  FakeClock clock_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  Recorder* recorder_ = nullptr;
};

TEST_F(PublisherTest, AnEntryIsDeliveredOnceAndForgotten) {
  auto publisher = Make();
  const std::string job = Finish();
  ASSERT_OK_AND_ASSIGN(const int settled, publisher->RunOnce());
  EXPECT_EQ(settled, 1);
  ASSERT_OK(publisher->RunOnce());
  EXPECT_THAT(recorder_->delivered, ElementsAre(job));
}

TEST_F(PublisherTest, AFailureIsTriedAgainLaterAndLaterForEver) {
  auto publisher = Make();
  Finish();
  recorder_->answer = absl::UnavailableError("the catalogue is away");
  ASSERT_OK(publisher->RunOnce());
  ASSERT_OK(publisher->RunOnce());
  EXPECT_EQ(recorder_->delivered.size(), 1u);  // not before its time
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(absl::Minutes(15));
    ASSERT_OK(publisher->RunOnce());
  }
  EXPECT_EQ(recorder_->delivered.size(), 11u);
  recorder_->answer = absl::OkStatus();
  clock_.Advance(absl::Minutes(15));
  ASSERT_OK_AND_ASSIGN(const int settled, publisher->RunOnce());
  EXPECT_EQ(settled, 1);
}

TEST_F(PublisherTest, WhatIsPointlessIsGivenUpAfterAFewAttempts) {
  auto publisher = Make();
  const std::string job = Finish();
  recorder_->answer = absl::InvalidArgumentError("no such collection id");
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK(publisher->RunOnce());
    clock_.Advance(absl::Minutes(15));
  }
  EXPECT_EQ(recorder_->delivered.size(), 5u);
  EXPECT_TRUE(store_->OutboxOf(job)->empty());
}

TEST_F(PublisherTest, ADeliveryMayLimitItsAttempts) {
  auto publisher = Make();
  Finish();
  recorder_->answer = absl::UnavailableError("503");
  recorder_->limit = 3;
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK(publisher->RunOnce());
    clock_.Advance(absl::Minutes(15));
  }
  EXPECT_EQ(recorder_->delivered.size(), 3u);
}

TEST_F(PublisherTest, OneThatFailsDoesNotHoldUpTheOthers) {
  auto publisher = Make();
  Finish();
  recorder_->answer = absl::UnavailableError("away");
  ASSERT_OK(publisher->RunOnce());
  recorder_->answer = absl::OkStatus();
  Finish();
  ASSERT_OK_AND_ASSIGN(const int settled, publisher->RunOnce());
  EXPECT_EQ(settled, 1);
}

TEST_F(PublisherTest, OnlyWhoHoldsTheLockPublishes) {
  auto first = Make("a");
  Recorder* first_recorder = recorder_;
  auto second = Make("b");
  ASSERT_OK(first->RunOnce());
  Finish();
  ASSERT_OK(second->RunOnce());
  EXPECT_TRUE(recorder_->delivered.empty());
  // The holder is gone: another takes over when the lock has run out.
  clock_.Advance(absl::Minutes(2));
  ASSERT_OK(second->RunOnce());
  EXPECT_EQ(recorder_->delivered.size(), 1u);
  EXPECT_TRUE(first_recorder->delivered.empty());
}

TEST_F(PublisherTest, AHintIsFasterThanThePoll) {
  auto publisher = Make();
  absl::Notification delivered;
  recorder_->on_deliver = [&] { delivered.Notify(); };
  ASSERT_OK(publisher->Start());
  Finish();
  wakeup_->Send({Hint::Kind::kFinished, "job"});
  EXPECT_TRUE(delivered.WaitForNotificationWithTimeout(absl::Seconds(60)));
  publisher->Stop();
  publisher->Stop();
}

TEST(RetryDelayTest, GrowsFourfoldUpToTheLimit) {
  const PublisherOptions options;
  EXPECT_EQ(RetryDelay(1, options), absl::Seconds(5));
  EXPECT_EQ(RetryDelay(2, options), absl::Seconds(20));
  EXPECT_EQ(RetryDelay(3, options), absl::Seconds(80));
  EXPECT_EQ(RetryDelay(100, options), absl::Minutes(15));
}

}  // namespace
}  // namespace pushbroom
