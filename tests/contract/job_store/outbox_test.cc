#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

using ::testing::IsEmpty;

TEST_P(JobStoreContract, GivesDueDeliveriesInTheirOrder) {
  const LeasedJob a = Running(WithCallbacks());
  const LeasedJob b = Running();
  ASSERT_OK(store().Succeed(b.lease, SomeResult()));
  ASSERT_OK(store().Succeed(a.lease, SomeResult()));
  ASSERT_OK_AND_ASSIGN(const auto due, Another()->OutboxDue(10));
  ASSERT_EQ(due.size(), 3);
  EXPECT_EQ(due[0].job_id, b.job.id);
  EXPECT_EQ(due[1].job_id, a.job.id);
  EXPECT_EQ(due[1].kind, "item");
  EXPECT_EQ(due[2].kind, "callback");
  ASSERT_OK_AND_ASSIGN(const auto one, store().OutboxDue(1));
  EXPECT_EQ(one.size(), 1);
}

TEST_P(JobStoreContract, ForgetsADeliveryThatIsDone) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  ASSERT_OK_AND_ASSIGN(auto due, store().OutboxDue(10));
  ASSERT_EQ(due.size(), 1);
  ASSERT_OK(store().OutboxDone(due[0].id));
  EXPECT_OK(store().OutboxDone(due[0].id));  // by a second deliverer
  ASSERT_OK_AND_ASSIGN(due, store().OutboxDue(10));
  EXPECT_THAT(due, IsEmpty());
  EXPECT_EQ(Get(job.job.id).state, JobState::kSuccessful);
}

TEST_P(JobStoreContract, RetriesADeliveryWhenItIsDue) {
  const LeasedJob job = Running();
  ASSERT_OK(store().Succeed(job.lease, SomeResult()));
  ASSERT_OK_AND_ASSIGN(auto due, store().OutboxDue(10));
  const absl::Time later = clock_.Now() + absl::Seconds(8);
  ASSERT_OK(store().OutboxRetry(due[0].id, "catalogue away", later));
  ASSERT_OK_AND_ASSIGN(due, store().OutboxDue(10));
  EXPECT_THAT(due, IsEmpty());
  ASSERT_OK_AND_ASSIGN(due, store().OutboxOf(job.job.id));
  ASSERT_EQ(due.size(), 1);
  EXPECT_EQ(due[0].attempts, 1);
  EXPECT_EQ(due[0].last_error, "catalogue away");
  EXPECT_EQ(due[0].due, later);
  clock_.Advance(absl::Seconds(8));
  ASSERT_OK_AND_ASSIGN(due, store().OutboxDue(10));
  EXPECT_EQ(due.size(), 1);
}

TEST_P(JobStoreContract, SaysWhichDeliveryDoesNotExist) {
  EXPECT_STATUS(store().OutboxRetry(4711, "x", clock_.Now()),
                absl::StatusCode::kNotFound, "4711");
}

TEST_P(JobStoreContract, GivesALockToOneHolderAtATime) {
  const absl::Duration ttl = absl::Seconds(10);
  auto other = Another();
  ASSERT_OK_AND_ASSIGN(bool held, store().TryLock("publish", "a", ttl));
  EXPECT_TRUE(held);
  ASSERT_OK_AND_ASSIGN(held, other->TryLock("publish", "b", ttl));
  EXPECT_FALSE(held);
  ASSERT_OK_AND_ASSIGN(held, other->TryLock("another", "b", ttl));
  EXPECT_TRUE(held);
  clock_.Advance(absl::Seconds(9));
  ASSERT_OK_AND_ASSIGN(held, store().TryLock("publish", "a", ttl));  // longer
  EXPECT_TRUE(held);
  clock_.Advance(absl::Seconds(9));
  ASSERT_OK_AND_ASSIGN(held, other->TryLock("publish", "b", ttl));
  EXPECT_FALSE(held);
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK_AND_ASSIGN(held, other->TryLock("publish", "b", ttl));
  EXPECT_TRUE(held);
}

TEST_P(JobStoreContract, FreesALockThatItsHolderGivesUp) {
  ASSERT_OK(store().TryLock("publish", "a", absl::Seconds(10)));
  ASSERT_OK(store().TryLock("publish", "a", absl::ZeroDuration()));
  ASSERT_OK_AND_ASSIGN(const bool held,
                       store().TryLock("publish", "b", absl::Seconds(10)));
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace pushbroom::testing
