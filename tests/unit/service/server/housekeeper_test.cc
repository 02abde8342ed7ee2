#include "service/housekeeper.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using ::testing::HasSubstr;

class HousekeeperTest : public ::testing::Test {
 protected:
  HousekeeperTest()
      : clock_(absl::Now()),  // files carry the time of this machine
        scratch_(*ScratchDirectory::Create(::testing::TempDir(), "keeper")),
        store_(NewMemoryJobStore(JobStore::Options(), clock_)),
        wakeup_(NewMemoryWakeup()),
        storage_(*OpenLocalStorage(scratch_.File("storage"))),
        keeper_(HousekeeperOptions(), *store_, *wakeup_, *storage_, clock_,
                metrics_) {}

  LeasedJob Claim() {
    Job job;
    job.process_id = "p";
    EXPECT_OK(store_->Submit(job, ""));
    auto leased = store_->Claim({"worker", "default"});
    EXPECT_OK(leased);
    return **leased;
  }

  std::string Finish(const Json& item) {
    const LeasedJob leased = Claim();
    const std::string key =
        absl::StrCat("results/", leased.job.id, "/", leased.lease.token, "/x");
    EXPECT_OK(storage_->PutBytes(key, "bytes"));
    JobResult result;
    result.outputs["x"].key = key;
    result.item = item;
    EXPECT_OK(store_->Succeed(leased.lease, result));
    return leased.job.id;
  }

  testing::FakeClock clock_;
  ScratchDirectory scratch_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::unique_ptr<Storage> storage_;
  Metrics metrics_;
  Housekeeper keeper_;
};

TEST_F(HousekeeperTest, AnEndedLeaseReturnsItsJobAndWakesThePool) {
  auto hints = wakeup_->Subscribe();
  ASSERT_OK(hints);
  const LeasedJob leased = Claim();
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK_AND_ASSIGN(const int returned, keeper_.Reap());
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(store_->Get(leased.job.id)->state, JobState::kAccepted);
  const auto hint = (*hints)->Wait(absl::Seconds(60));
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->subject, "default");
}

TEST_F(HousekeeperTest, AnOldJobGoesWithItsFiles) {
  const std::string old = Finish(Json());
  clock_.Advance(absl::Hours(24 * 4));
  const std::string young = Finish(Json());
  clock_.Advance(absl::Hours(24 * 4));
  ASSERT_OK_AND_ASSIGN(const int removed, keeper_.Collect());
  EXPECT_EQ(removed, 1);
  EXPECT_STATUS(store_->Get(old), absl::StatusCode::kNotFound, old);
  EXPECT_OK(store_->Get(young));
  EXPECT_TRUE(storage_->List(absl::StrCat("results/", old, "/"))->empty());
  EXPECT_EQ(storage_->List(absl::StrCat("results/", young, "/"))->size(), 1u);
}

TEST_F(HousekeeperTest, AnOldJobThatIsNotDeliveredYetStays) {
  const std::string job = Finish({{"id", "x"}});
  clock_.Advance(absl::Hours(24 * 30));
  ASSERT_OK_AND_ASSIGN(const int removed, keeper_.Collect());
  EXPECT_EQ(removed, 0);
  EXPECT_OK(store_->Get(job));
}

TEST_F(HousekeeperTest, OldUploadsGo) {
  ASSERT_OK(storage_->PutBytes("uploads/a", "bytes"));
  ASSERT_OK(keeper_.Collect());
  EXPECT_EQ(storage_->List("uploads/")->size(), 1u);
  clock_.Advance(absl::Hours(24 * 8));
  ASSERT_OK(keeper_.Collect());
  EXPECT_TRUE(storage_->List("uploads/")->empty());
}

TEST_F(HousekeeperTest, TheQueueIsMeasured) {
  EXPECT_EQ(keeper_.store_seen(), absl::InfinitePast());
  Claim();
  ASSERT_OK(keeper_.Measure());
  EXPECT_EQ(keeper_.store_seen(), clock_.Now());
  EXPECT_THAT(metrics_.Expose(), HasSubstr("state=\"running\"} 1"));
}

}  // namespace
}  // namespace pushbroom
