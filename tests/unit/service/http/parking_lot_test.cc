#include "service/http/parking_lot.h"

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

class ParkingLotTest : public ::testing::Test {
 protected:
  // One parked request and what became of it.
  struct Ticket {
    absl::Notification answered;
    api::Response response;
  };

  ParkingLotTest()
      : store_(NewMemoryJobStore({}, clock_)), wakeup_(NewMemoryWakeup()) {}

  void Open(const ParkingOptions& options) {
    auto lot = ParkingLot::Open(options, *store_, *wakeup_, clock_);
    ASSERT_OK(lot);
    lot_ = *std::move(lot);
  }
  // Looks only when told, so that a test sees what told it.
  static ParkingOptions Deaf() {
    ParkingOptions options;
    options.poll = absl::Hours(1);
    return options;
  }
  std::string Submit() {
    Job job;
    job.process_id = "echo";
    auto submitted = store_->Submit(job, "");
    EXPECT_OK(submitted);
    return submitted->id;
  }
  void Finish() {
    const auto leased = store_->Claim({"w", "default"});
    ASSERT_OK(leased);
    ASSERT_TRUE(leased->has_value());
    ASSERT_OK(store_->Succeed((*leased)->lease, JobResult()));
  }
  bool Park(const std::string& id, Ticket& ticket,
            absl::Duration wait = absl::Hours(1)) {
    api::Parked parked;
    parked.job_id = id;
    parked.deadline = clock_.Now() + wait;
    parked.done = [](const absl::StatusOr<Job>& job) {
      api::Response response;
      response.body = job.ok() ? std::string(NameOf(job->state)) : "no job";
      return response;
    };
    return lot_->Park(std::move(parked), [&](const api::Response& response) {
      ticket.response = response;
      ticket.answered.Notify();
    });
  }

  testing::FakeClock clock_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::unique_ptr<ParkingLot> lot_;
};

TEST_F(ParkingLotTest, AHintThatTheJobEndedAnswersAtOnce) {
  Open(Deaf());
  Ticket ticket;
  const std::string id = Submit();
  ASSERT_TRUE(Park(id, ticket));
  EXPECT_FALSE(ticket.answered.HasBeenNotified());
  Finish();
  wakeup_->Send({Hint::Kind::kFinished, id});
  ASSERT_TRUE(ticket.answered.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(ticket.response.body, "successful");
  EXPECT_EQ(lot_->size(), 0u);
}

TEST_F(ParkingLotTest, AJobThatHasEndedAlreadyIsAnsweredWhileParking) {
  Open(Deaf());
  Ticket ticket;
  const std::string id = Submit();
  Finish();
  ASSERT_TRUE(Park(id, ticket));
  EXPECT_TRUE(ticket.answered.HasBeenNotified());
}

TEST_F(ParkingLotTest, WithoutHintsLookingFindsTheEnd) {
  ParkingOptions options;
  options.poll = absl::Milliseconds(10);
  options.tick = absl::Milliseconds(5);
  Open(options);
  Ticket ticket;
  ASSERT_TRUE(Park(Submit(), ticket));
  Finish();
  ASSERT_TRUE(ticket.answered.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(ticket.response.body, "successful");
}

TEST_F(ParkingLotTest, AtTheDeadlineTheJobIsToldAsItIs) {
  Open(Deaf());
  Ticket ticket;
  ASSERT_TRUE(Park(Submit(), ticket, absl::Seconds(5)));
  clock_.Advance(absl::Seconds(6));
  ASSERT_TRUE(ticket.answered.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(ticket.response.body, "accepted");
}

TEST_F(ParkingLotTest, TwoWhoWaitForOneJobAreBothAnswered) {
  Open(Deaf());
  Ticket one, two;
  const std::string id = Submit();
  ASSERT_TRUE(Park(id, one));
  ASSERT_TRUE(Park(id, two));
  Finish();
  wakeup_->Send({Hint::Kind::kFinished, id});
  EXPECT_TRUE(one.answered.WaitForNotificationWithTimeout(kPatience));
  EXPECT_TRUE(two.answered.WaitForNotificationWithTimeout(kPatience));
}

TEST_F(ParkingLotTest, AFullLotTakesNobody) {
  ParkingOptions options = Deaf();
  options.capacity = 1;
  Open(options);
  Ticket one, two;
  ASSERT_TRUE(Park(Submit(), one));
  EXPECT_FALSE(Park(Submit(), two));
  EXPECT_FALSE(two.answered.HasBeenNotified());
  lot_->Close();
}

TEST_F(ParkingLotTest, ClosingAnswersEverybodyAndThenNobodyWaits) {
  Open(Deaf());
  Ticket one, two, late;
  ASSERT_TRUE(Park(Submit(), one));
  ASSERT_TRUE(Park(Submit(), two));
  lot_->Close();
  EXPECT_TRUE(one.answered.HasBeenNotified());
  EXPECT_TRUE(two.answered.HasBeenNotified());
  EXPECT_TRUE(Park(Submit(), late));
  EXPECT_TRUE(late.answered.HasBeenNotified());
}

}  // namespace
}  // namespace pushbroom
