// What every Wakeup promises.
#include "service/core/jobs/wakeup.h"

#include <functional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

// Ample: a hint takes microseconds.
constexpr absl::Duration kSoon = absl::Seconds(30);

struct WakeupKind {
  std::string name;
  std::function<absl::StatusOr<std::unique_ptr<Wakeup>>(const std::string&)>
      make;
};

class WakeupContract : public ::testing::TestWithParam<WakeupKind> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(wakeup_, GetParam().make(directory_.File("wake")));
  }
  std::unique_ptr<HintReceiver> Subscribe() {
    auto receiver = wakeup_->Subscribe();
    EXPECT_OK(receiver);
    return *std::move(receiver);
  }

  ScratchDirectory directory_ =
      *ScratchDirectory::Create(::testing::TempDir(), "wakeup");
  std::unique_ptr<Wakeup> wakeup_;
};

TEST_P(WakeupContract, DeliversEveryKindOfHintInOrder) {
  auto receiver = Subscribe();
  const Hint hints[] = {{Hint::Kind::kReady, "gpu"},
                        {Hint::Kind::kCancelled, "job-1"},
                        {Hint::Kind::kFinished, ""}};
  for (const Hint& hint : hints) wakeup_->Send(hint);
  for (const Hint& hint : hints) {
    const auto got = receiver->Wait(kSoon);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->kind, hint.kind);
    EXPECT_EQ(got->subject, hint.subject);
  }
}

TEST_P(WakeupContract, TellsEveryReceiver) {
  auto a = Subscribe();
  auto b = Subscribe();
  wakeup_->Send({Hint::Kind::kReady, "gpu"});
  EXPECT_TRUE(a->Wait(kSoon).has_value());
  EXPECT_TRUE(b->Wait(kSoon).has_value());
  EXPECT_FALSE(a->Wait(absl::ZeroDuration()).has_value());
}

TEST_P(WakeupContract, WakesAReceiverThatWaits) {
  auto receiver = Subscribe();
  std::optional<Hint> got;
  std::thread waiter([&] { got = receiver->Wait(kSoon); });
  wakeup_->Send({Hint::Kind::kFinished, "job-1"});
  waiter.join();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->subject, "job-1");
}

TEST_P(WakeupContract, GivesNothingWhenTheTimeIsUp) {
  auto receiver = Subscribe();
  EXPECT_FALSE(receiver->Wait(absl::ZeroDuration()).has_value());
  EXPECT_FALSE(receiver->Wait(absl::Milliseconds(5)).has_value());
}

TEST_P(WakeupContract, SendsToNobodyWithoutComplaint) {
  wakeup_->Send({Hint::Kind::kReady, "gpu"});
  auto late = Subscribe();
  EXPECT_FALSE(late->Wait(absl::ZeroDuration()).has_value());
}

TEST_P(WakeupContract, DoesNotBlockOnAReceiverThatNeverReads) {
  auto receiver = Subscribe();
  for (int i = 0; i < 5000; ++i) wakeup_->Send({Hint::Kind::kReady, "gpu"});
  EXPECT_TRUE(receiver->Wait(kSoon).has_value());
}

TEST_P(WakeupContract, ReachesAReceiverThroughAnotherThatHasGone) {
  auto gone = Subscribe();
  auto receiver = Subscribe();
  gone.reset();
  wakeup_->Send({Hint::Kind::kReady, "gpu"});
  EXPECT_TRUE(receiver->Wait(kSoon).has_value());
}

TEST_P(WakeupContract, LetsAReceiverOutliveIt) {
  auto receiver = Subscribe();
  wakeup_->Send({Hint::Kind::kReady, "gpu"});
  wakeup_.reset();
  EXPECT_TRUE(receiver->Wait(kSoon).has_value());
  EXPECT_FALSE(receiver->Wait(absl::ZeroDuration()).has_value());
}

INSTANTIATE_TEST_SUITE_P(
    Wakeups, WakeupContract,
    ::testing::Values(
        WakeupKind{
            "Memory",
            [](const std::string&) -> absl::StatusOr<std::unique_ptr<Wakeup>> {
              return NewMemoryWakeup();
            }},
        WakeupKind{"Socket", NewSocketWakeup}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace pushbroom
