#include "workers/worker.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "service/core/base/bounded_queue.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/memory_job_store.h"
#include "service/core/jobs/sqlite_job_store.h"
#include "service/supervisor/supervisor.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/worker/memory_storage.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    options_.id = "worker-1";
    options_.scratch_directory = ::testing::TempDir();
    options_.poll_interval = absl::Milliseconds(20);
    options_.drain_grace = absl::ZeroDuration();
    finished_ = *wakeup_->Subscribe();
  }
  ~WorkerTest() override { Stop(); }

  // Runs the worker with this work until Stop.
  void Start(JobFunction run) {
    worker_ =
        std::make_unique<Worker>(options_, *store_, *wakeup_, storage_,
                                 std::move(run), [this] { stuck_.Notify(); });
    thread_ = std::thread([this] { worker_->Run(); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    worker_->Drain();
    thread_.join();
  }

  std::string Submit(Job job = Job()) {
    const auto submitted = store_->Submit(std::move(job), "");
    EXPECT_OK(submitted);
    wakeup_->Send({Hint::Kind::kReady, "default"});
    return submitted->id;
  }
  Job Get(const std::string& id) {
    const auto job = store_->Get(id);
    EXPECT_OK(job);
    return job.value_or(Job());
  }
  // Waits until an attempt of the job has ended.
  void AwaitEnd(const std::string& id) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (absl::Now() < deadline) {
      const auto hint = finished_->Wait(deadline - absl::Now());
      if (hint && hint->kind == Hint::Kind::kFinished && hint->subject == id) {
        return;
      }
    }
    ADD_FAILURE() << "job " << id << " did not end";
  }
  // Says that it has begun, and waits to be cancelled.
  absl::StatusOr<JobResult> UntilCancelled(const RunContext& context) {
    started_.Push(context.lease_token);
    context.cancel.WaitFor(kPatience);
    return context.cancel.status();
  }

  std::unique_ptr<JobStore> store_ = NewMemoryJobStore({}, Clock::System());
  std::unique_ptr<Wakeup> wakeup_ = NewMemoryWakeup();
  std::unique_ptr<HintReceiver> finished_;
  testing::MemoryStorage storage_;
  WorkerOptions options_;
  BoundedQueue<std::string> started_{16};
  absl::Notification stuck_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
};

TEST_F(WorkerTest, RunsASubmittedJobToItsEnd) {
  Start([](const Job&, const RunContext& context) {
    JobResult result;
    result.outputs["token"].value = context.lease_token;
    return result;
  });
  const std::string id = Submit();
  AwaitEnd(id);
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kSuccessful);
  EXPECT_EQ(job.worker_id, "worker-1");
}

TEST_F(WorkerTest, RunOneTellsWhetherThereWasAJob) {
  Worker worker(
      options_, *store_, *wakeup_, storage_,
      [](const Job&, const RunContext&) { return JobResult(); }, [] {});
  ASSERT_OK_AND_ASSIGN(const bool none, worker.RunOne());
  EXPECT_FALSE(none);
  const std::string id = Submit();
  ASSERT_OK_AND_ASSIGN(const bool one, worker.RunOne());
  EXPECT_TRUE(one);
  EXPECT_EQ(Get(id).state, JobState::kSuccessful);
}

TEST_F(WorkerTest, AJobDismissedWhileRunningStopsAndIsConfirmed) {
  Start([this](const Job&, const RunContext& c) { return UntilCancelled(c); });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  ASSERT_OK(store_->Dismiss(id));
  // The lease is of 30 s: without the hint nobody would ask for 7.5 s.
  const absl::Time before = absl::Now();
  wakeup_->Send({Hint::Kind::kCancelled, id});
  AwaitEnd(id);
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  EXPECT_EQ(Get(id).state, JobState::kDismissed);
}

TEST_F(WorkerTest, AJobDismissedAtItsLastMomentIsDismissed) {
  Start([this](const Job& job, const RunContext&) -> absl::StatusOr<JobResult> {
    PB_RETURN_IF_ERROR(store_->Dismiss(job.id).status());
    return JobResult();
  });
  const std::string id = Submit();
  AwaitEnd(id);
  EXPECT_EQ(Get(id).state, JobState::kDismissed);
}

TEST_F(WorkerTest, ALostLeasePublishesNothing) {
  std::string first;
  Start([&](const Job& job,
            const RunContext& context) -> absl::StatusOr<JobResult> {
    if (job.attempt > 1) return JobResult();
    first = AttemptPrefix(job.id, context.lease_token) + "/";
    PB_RETURN_IF_ERROR(storage_.PutBytes(first + "classes.tif", "half"));
    return UntilCancelled(context);
  });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  ASSERT_OK_AND_ASSIGN(const int returned, store_->ReturnLeases("worker-1"));
  EXPECT_EQ(returned, 1);
  wakeup_->Send({Hint::Kind::kCancelled, id});  // makes it beat
  AwaitEnd(id);                                 // the lost attempt
  AwaitEnd(id);                                 // the one after it
  EXPECT_EQ(Get(id).state, JobState::kSuccessful);
  ASSERT_OK_AND_ASSIGN(const auto staged, storage_.List(first));
  EXPECT_TRUE(staged.empty());
}

TEST_F(WorkerTest, DrainingReleasesAndDoesNotCountTheAttempt) {
  Start([this](const Job&, const RunContext& c) { return UntilCancelled(c); });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  Stop();
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kAccepted);
  EXPECT_EQ(job.attempt, 0);
}

TEST_F(WorkerTest, DrainingLetsAJobEndThatIsNearlyDone) {
  options_.drain_grace = kPatience;
  absl::Notification draining;
  Start([&](const Job&, const RunContext&) {
    started_.Push("");
    draining.WaitForNotification();
    return JobResult();
  });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  worker_->Drain();
  EXPECT_FALSE(worker_->claiming());
  draining.Notify();
  Stop();
  EXPECT_EQ(Get(id).state, JobState::kSuccessful);
}

TEST_F(WorkerTest, DrainingReleasesAJobThatDoesNotStop) {
  options_.drain_stop = absl::Milliseconds(30);
  absl::Notification end;
  Start([&](const Job&, const RunContext&) -> absl::StatusOr<JobResult> {
    started_.Push("");
    end.WaitForNotificationWithTimeout(kPatience);  // deaf to the token
    return JobResult();
  });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  worker_->Drain();
  ASSERT_TRUE(stuck_.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(Get(id).state, JobState::kAccepted);
  EXPECT_EQ(Get(id).attempt, 0);
  EXPECT_EQ(Get(id).crashes, 0);
  end.Notify();
  Stop();
  EXPECT_EQ(Get(id).state, JobState::kAccepted);
}

TEST_F(WorkerTest, DrainingEndsBeforeTheSupervisorKills) {
  const WorkerOptions defaults;
  EXPECT_LE(defaults.drain_grace + defaults.drain_stop,
            SupervisorOptions().grace - absl::Seconds(10));
}

TEST_F(WorkerTest, AbandonedJobsAreAcceptedAgainAtOnce) {
  Start([this](const Job&, const RunContext& c) { return UntilCancelled(c); });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  worker_->Abandon();
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kAccepted);
  EXPECT_EQ(job.attempt, 0);
}

TEST_F(WorkerTest, TwoJobsRunAtTheSameTime) {
  options_.jobs = 2;
  absl::Notification both;
  Start([&](const Job&, const RunContext&) {
    started_.Push("");
    both.WaitForNotificationWithTimeout(kPatience);
    return JobResult();
  });
  Submit();
  Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  EXPECT_EQ(worker_->running(), 2);
  both.Notify();
}

TEST_F(WorkerTest, AJobThatMustBeAloneBlocksOtherClaims) {
  options_.jobs = 2;
  absl::Notification go;
  std::atomic<bool> alone_running{false}, overlapped{false};
  // Both are in the queue before the worker is.
  Job alone;
  alone.alone = true;
  alone.priority = 1;
  const std::string first = Submit(alone);
  const std::string second = Submit();
  Start([&](const Job& job, const RunContext&) {
    if (!job.alone) {
      if (alone_running) overlapped = true;
      return JobResult();
    }
    alone_running = true;
    started_.Push("");
    go.WaitForNotificationWithTimeout(kPatience);
    alone_running = false;
    return JobResult();
  });
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  // More hints than the worker has places: it must decline them all.
  for (int i = 0; i < 10; ++i) wakeup_->Send({Hint::Kind::kReady, "default"});
  EXPECT_EQ(worker_->running(), 1);
  EXPECT_EQ(Get(second).state, JobState::kAccepted);
  go.Notify();
  AwaitEnd(first);
  AwaitEnd(second);
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(Get(second).state, JobState::kSuccessful);
}

TEST_F(WorkerTest, ABusyWorkerGetsNoJobThatMustBeAlone) {
  options_.jobs = 2;
  absl::Notification go;
  Start([&](const Job&, const RunContext&) {
    started_.Push("");
    go.WaitForNotificationWithTimeout(kPatience);
    return JobResult();
  });
  const std::string plain = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  Job alone;
  alone.alone = true;
  const std::string waiting = Submit(alone);
  EXPECT_EQ(Get(waiting).state, JobState::kAccepted);
  go.Notify();
  AwaitEnd(plain);
  AwaitEnd(waiting);
  EXPECT_EQ(Get(waiting).state, JobState::kSuccessful);
}

TEST_F(WorkerTest, AJobPastItsDeadlineFailsForGood) {
  Start([this](const Job&, const RunContext& c) { return UntilCancelled(c); });
  Job job;
  job.deadline = absl::Milliseconds(30);
  const std::string id = Submit(job);
  AwaitEnd(id);
  const Job ended = Get(id);
  EXPECT_EQ(ended.state, JobState::kFailed);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(ended.error->message, HasSubstr("30ms"));
}

TEST_F(WorkerTest, AJobThatDoesNotStopEndsTheWorkerAndSparesItsNeighbour) {
  options_.heart.stop_grace = absl::Milliseconds(30);
  absl::Notification end;
  Start([&](const Job& job, const RunContext& c) -> absl::StatusOr<JobResult> {
    started_.Push("");
    if (job.process_id == "neighbour") {
      c.cancel.WaitFor(kPatience);
      return c.cancel.status();
    }
    end.WaitForNotificationWithTimeout(kPatience);  // deaf to the token
    return JobResult();
  });
  Job neighbour;
  neighbour.process_id = "neighbour";
  const std::string innocent = Submit(neighbour);
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  Job job;
  job.deadline = absl::Milliseconds(30);
  const std::string id = Submit(job);
  ASSERT_TRUE(stuck_.WaitForNotificationWithTimeout(kPatience));
  const Job ended = Get(id);
  EXPECT_EQ(ended.state, JobState::kFailed);
  EXPECT_THAT(ended.error->message, HasSubstr("did not stop"));
  EXPECT_EQ(Get(innocent).state, JobState::kAccepted);
  EXPECT_EQ(Get(innocent).attempt, 0);
  end.Notify();
}

TEST_F(WorkerTest, FailuresThatMayPassAreTriedAgain) {
  Start([](const Job&, const RunContext&) -> absl::StatusOr<JobResult> {
    return absl::UnavailableError("the archive is away");
  });
  const std::string id = Submit();
  AwaitEnd(id);
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kAccepted);
  EXPECT_EQ(job.attempt, 1);
  EXPECT_GT(job.run_after, job.created);
}

TEST_F(WorkerTest, FailuresOfTheInputAreFinalAndPointToIt) {
  Start([](const Job&, const RunContext&) -> absl::StatusOr<JobResult> {
    return WithPointer(absl::InvalidArgumentError("no raster"),
                       "/inputs/image");
  });
  const std::string id = Submit();
  AwaitEnd(id);
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error->pointer, "/inputs/image");
  EXPECT_EQ(job.error->message, "no raster");
}

TEST_F(WorkerTest, AnExceptionEndsTheJobAndNotTheWorker) {
  Start([](const Job& job, const RunContext&) -> absl::StatusOr<JobResult> {
    if (job.process_id == "throws") throw std::runtime_error("oops");
    return JobResult();
  });
  Job job;
  job.process_id = "throws";
  const std::string id = Submit(job);
  AwaitEnd(id);
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_THAT(Get(id).error->message, HasSubstr("oops"));
  const std::string next = Submit();
  AwaitEnd(next);
  EXPECT_EQ(Get(next).state, JobState::kSuccessful);
}

TEST_F(WorkerTest, ProgressIsWrittenBetweenTheBeats) {
  options_.heart.progress_interval = absl::Milliseconds(10);
  absl::Notification seen;
  Start([&](const Job&, const RunContext& context) {
    Progress progress;
    progress.percent = 42;
    progress.tiles_done = 42;
    progress.tiles_planned = 100;
    context.progress(progress);
    started_.Push("");
    seen.WaitForNotificationWithTimeout(kPatience);
    return JobResult();
  });
  const std::string id = Submit();
  ASSERT_TRUE(started_.PopFor(kPatience).has_value());
  const absl::Time deadline = absl::Now() + kPatience;
  while (Get(id).progress != 42 && absl::Now() < deadline) {
    stuck_.WaitForNotificationWithTimeout(absl::Milliseconds(5));
  }
  EXPECT_EQ(Get(id).progress, 42);
  EXPECT_EQ(Get(id).tiles_planned, 100);
  seen.Notify();
  AwaitEnd(id);
}

// The real store and the real sockets, as `pushbroom serve` has them.
class LocalWorkerTest : public WorkerTest {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(ScratchDirectory made,
                         ScratchDirectory::Create(::testing::TempDir(), "w-"));
    directory_ = std::make_unique<ScratchDirectory>(std::move(made));
    ASSERT_OK_AND_ASSIGN(store_,
                         OpenSqliteJobStore(directory_->File("jobs.sqlite"), {},
                                            Clock::System()));
    ASSERT_OK_AND_ASSIGN(wakeup_, NewSocketWakeup(directory_->File("wakeup")));
    ASSERT_OK_AND_ASSIGN(finished_, wakeup_->Subscribe());
  }
  void TearDown() override { Stop(); }

  std::unique_ptr<ScratchDirectory> directory_;
};

TEST_F(LocalWorkerTest, AResultThatTheStoreRefusesFailsTheJob) {
  Start([](const Job&, const RunContext&) {
    JobResult result;
    Json* inner = &result.summary["deep"];
    for (int i = 0; i < 200; ++i) inner = &(*inner)["x"];
    return result;
  });
  Job job;
  job.max_attempts = 1;
  const std::string id = Submit(job);
  AwaitEnd(id);
  const Job ended = Get(id);
  EXPECT_EQ(ended.state, JobState::kFailed);
  ASSERT_TRUE(ended.error.has_value());
  EXPECT_EQ(ended.error->code, absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(ended.error->message, HasSubstr("cannot be recorded"));
  // It may have been a disk that was full: others are tried again.
  const std::string again = Submit();
  AwaitEnd(again);
  EXPECT_EQ(Get(again).state, JobState::kAccepted);
  EXPECT_EQ(Get(again).attempt, 1);
}

TEST_F(LocalWorkerTest, AnIdleWorkerBeginsWithin50Milliseconds) {
  // Long enough that polling cannot be what makes it fast.
  options_.poll_interval = absl::Seconds(10);
  BoundedQueue<absl::Time> began(1);
  Start([&](const Job&, const RunContext&) {
    began.Push(absl::Now());
    return JobResult();
  });
  // The first one finds the worker starting; of the others the best counts,
  // for this machine may be busy with something else.
  absl::Duration best = absl::InfiniteDuration();
  for (int i = 0; i < 6; ++i) {
    const std::string id = Submit();
    const absl::Time accepted = absl::Now();
    const auto begin = began.PopFor(kPatience);
    ASSERT_TRUE(begin.has_value());
    if (i > 0) best = std::min(best, *begin - accepted);
    AwaitEnd(id);
  }
  EXPECT_LT(best, absl::Milliseconds(50));
}

}  // namespace
}  // namespace pushbroom
