#include "workers/inference/batcher.h"

#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// One value a tile: the prediction is the input plus one hundred.
class PuppetRunner final : public BatchRunner {
 public:
  explicit PuppetRunner(int batch_size) : batch_size_(batch_size) {}

  const TileShape& shape() const override { return shape_; }
  int batch_size() const override { return batch_size_; }
  absl::StatusOr<std::unique_ptr<BatchInput>> NewInput() override {
    return std::unique_ptr<BatchInput>(std::make_unique<Input>(batch_size_));
  }
  absl::StatusOr<std::shared_ptr<const BatchOutput>> Run(BatchInput& input,
                                                         int tiles) override {
    absl::MutexLock lock(&mutex_);
    sizes_.push_back(tiles);
    mutex_.Await(absl::Condition(&released_));
    if (!fail_.ok()) return fail_;
    auto output = std::make_shared<Output>();
    for (int i = 0; i < tiles; ++i) {
      output->data.push_back(input.values()[i] + 100);
    }
    return std::shared_ptr<const BatchOutput>(output);
  }

  void Hold() {
    absl::MutexLock lock(&mutex_);
    released_ = false;
  }
  void Release() {
    absl::MutexLock lock(&mutex_);
    released_ = true;
  }
  void Fail(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    fail_ = std::move(status);
  }
  std::vector<int> sizes() {
    absl::MutexLock lock(&mutex_);
    return sizes_;
  }
  void WaitForBatches(size_t count) {
    absl::MutexLock lock(&mutex_);
    auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return sizes_.size() >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }

 private:
  struct Input final : BatchInput {
    explicit Input(int n) : data(static_cast<size_t>(n)) {}
    float* values() override { return data.data(); }
    std::vector<float> data;
  };
  struct Output final : BatchOutput {
    const float* values() const override { return data.data(); }
    std::vector<float> data;
  };

  const TileShape shape_{1, 1, 1, 1};
  const int batch_size_;
  absl::Mutex mutex_;
  bool released_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status fail_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> sizes_ ABSL_GUARDED_BY(mutex_);
};

struct Fixture {
  explicit Fixture(int batch_size,
                   absl::Duration max_delay = absl::InfiniteDuration()) {
    auto owned = std::make_unique<PuppetRunner>(batch_size);
    runner = owned.get();
    batcher = std::make_unique<Batcher>(std::move(owned), turn, max_delay,
                                        nullptr, 1);
  }
  DeviceTurn turn;
  PuppetRunner* runner;
  std::unique_ptr<Batcher> batcher;
};

void Put(TileSession& session, float value) {
  auto place = session.Acquire();
  ASSERT_OK(place);
  *place->values = value;
  session.Submit(*place);
}

float Take(TileSession& session) {
  auto next = session.Next();
  EXPECT_OK(next);
  return next.ok() && *next != nullptr ? (*next)->values()[0] : -1;
}

TEST(BatcherTest, PredictionsComeBackInOrderToTheirOwner) {
  Fixture f(4);
  auto a = f.batcher->Open(0), b = f.batcher->Open(0);
  for (int i = 0; i < 6; ++i) {
    Put(*a, 1.0f * i);
    Put(*b, 10.0f * i);
  }
  a->Finish();
  b->Finish();
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(Take(*a), 100 + i);
    EXPECT_EQ(Take(*b), 100 + 10 * i);
  }
  auto end = a->Next();
  ASSERT_OK(end);
  EXPECT_EQ(*end, nullptr);
}

TEST(BatcherTest, TilesOfTwoJobsShareABatch) {
  Fixture f(4);
  auto a = f.batcher->Open(0), b = f.batcher->Open(0);
  Put(*a, 1);
  Put(*b, 2);
  Put(*a, 3);
  Put(*b, 4);
  EXPECT_EQ(Take(*a), 101);
  EXPECT_EQ(Take(*b), 102);
  EXPECT_THAT(f.runner->sizes(), ElementsAre(4));
}

TEST(BatcherTest, APartialBatchRunsWhenNobodyCanAddToIt) {
  Fixture f(8);  // never too old: only the end of the session closes it
  auto a = f.batcher->Open(0);
  Put(*a, 1);
  Put(*a, 2);
  a->Finish();
  EXPECT_EQ(Take(*a), 101);
  EXPECT_EQ(Take(*a), 102);
  EXPECT_THAT(f.runner->sizes(), ElementsAre(2));
}

TEST(BatcherTest, APartialBatchRunsWhenItsOldestTileHasWaited) {
  Fixture f(8, absl::Milliseconds(1));
  auto a = f.batcher->Open(0);  // could add more, but does not
  Put(*a, 1);
  EXPECT_EQ(Take(*a), 101);
}

TEST(BatcherTest, ASessionsOwnBatchSizeClosesTheBatch) {
  Fixture f(8);
  auto a = f.batcher->Open(2);
  for (int i = 0; i < 4; ++i) Put(*a, 1.0f * i);
  EXPECT_EQ(Take(*a), 100);
  for (int i = 1; i < 4; ++i) Take(*a);
  EXPECT_THAT(f.runner->sizes(), Each(2));
}

TEST(BatcherTest, AProducerWaitsWhenItsPredictionsAreNotRead) {
  Fixture f(2);
  auto a = f.batcher->Open(0);
  absl::Notification all;
  std::thread producer([&] {
    for (int i = 0; i < 40; ++i) Put(*a, 1.0f * i);
    a->Finish();
    all.Notify();
  });
  f.runner->WaitForBatches(3);  // 3 batches of 2 unread: the limit
  EXPECT_FALSE(all.HasBeenNotified());
  EXPECT_EQ(f.runner->sizes().size(), 3u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(Take(*a), 100 + i);
  producer.join();
}

TEST(BatcherTest, AFailedBatchFailsTheSessionsThatWereInIt) {
  Fixture f(2);
  f.runner->Fail(absl::InternalError("broken"));
  auto a = f.batcher->Open(0), b = f.batcher->Open(0);
  Put(*a, 1);
  Put(*a, 2);
  EXPECT_STATUS(a->Next(), absl::StatusCode::kInternal, "broken");
  f.runner->Fail(absl::OkStatus());
  Put(*b, 3);
  Put(*b, 4);
  EXPECT_EQ(Take(*b), 103);
}

TEST(BatcherTest, AnAbortedSessionWakesAndFreesTheOthers) {
  Fixture f(2);
  f.runner->Hold();
  auto a = f.batcher->Open(0), b = f.batcher->Open(0);
  Put(*a, 1);
  Put(*a, 2);  // runs, held
  f.runner->WaitForBatches(1);
  Put(*b, 3);
  a->Abort(absl::CancelledError("dismissed"));
  EXPECT_STATUS(a->Next(), absl::StatusCode::kCancelled, "dismissed");
  EXPECT_STATUS(a->Acquire(), absl::StatusCode::kCancelled, "dismissed");
  f.runner->Release();
  Put(*b, 4);
  EXPECT_EQ(Take(*b), 103);
}

TEST(BatcherTest, ManyJobsAtOnceLoseNothing) {
  Fixture f(4, absl::Milliseconds(1));
  std::vector<std::thread> threads;
  for (int job = 0; job < 4; ++job) {
    threads.emplace_back([&, job] {
      auto session = f.batcher->Open(0);
      std::thread producer([&] {
        for (int i = 0; i < 500; ++i) Put(*session, 1000.0f * job + i);
        session->Finish();
      });
      for (int i = 0; i < 500; ++i) {
        EXPECT_EQ(Take(*session), 100 + 1000 * job + i);
      }
      producer.join();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(f.batcher->stats().tiles, 2000);
}

}  // namespace
}  // namespace pushbroom
