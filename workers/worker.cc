#include "workers/worker.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/files.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "workers/failure.h"

namespace pushbroom {
namespace {

// How long a worker that is about to exit waits for ends that are being
// written.
constexpr absl::Duration kLastWrites = absl::Seconds(1);

}  // namespace

Worker::Worker(WorkerOptions options, JobStore& store, Wakeup& wakeup,
               Storage& storage, JobFunction run,
               std::function<void()> on_stuck)
    : options_(std::move(options)),
      store_(store),
      wakeup_(wakeup),
      storage_(storage),
      run_(std::move(run)),
      on_stuck_(std::move(on_stuck)),
      heart_(options_.heart, store_,
             [this](Attempt& attempt) { OnStuck(attempt); }) {}

Worker::~Worker() { JoinEnded(); }

void Worker::set_on_outcome(OutcomeFunction on_outcome) {
  on_outcome_ = std::move(on_outcome);
}

bool Worker::HasRoom() const {
  size_t running = 0;
  for (const auto& slot : slots_) {
    if (slot->done) continue;
    if (slot->attempt->job().alone) return false;
    ++running;
  }
  return running < static_cast<size_t>(std::max(1, options_.jobs));
}

bool Worker::AllDone() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const auto& slot) { return slot->done; });
}

int Worker::running() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(
      std::count_if(slots_.begin(), slots_.end(),
                    [](const auto& slot) { return !slot->done; }));
}

bool Worker::claiming() const {
  absl::MutexLock lock(&mutex_);
  return !draining_;
}

absl::StatusOr<std::shared_ptr<Attempt>> Worker::ClaimNext(bool idle) {
  ClaimRequest request;
  request.worker_id = options_.id;
  request.pool = options_.pool;
  request.lease = options_.heart.lease;
  request.idle = idle;
  PB_ASSIGN_OR_RETURN(std::optional<LeasedJob> leased, store_.Claim(request));
  if (!leased) return nullptr;
  const absl::Time now = absl::Now();
  const absl::Time deadline = now + leased->job.deadline;
  Log(LogLevel::kInfo, "job claimed",
      {{"job", leased->job.id},
       {"process", leased->job.process_id},
       {"attempt", absl::StrCat(leased->job.attempt)}});
  return std::make_shared<Attempt>(*std::move(leased), now, deadline);
}

void Worker::ClaimAll() {
  for (;;) {
    JoinEnded();
    bool idle = false;
    {
      absl::MutexLock lock(&mutex_);
      if (draining_ || !HasRoom()) return;
      idle = AllDone();
    }
    auto attempt = ClaimNext(idle);
    if (!attempt.ok()) {
      Log(LogLevel::kWarning, "cannot claim",
          {{"error", std::string(attempt.status().message())}});
      return;
    }
    if (*attempt == nullptr) return;
    Launch(*std::move(attempt));
  }
}

void Worker::Launch(std::shared_ptr<Attempt> attempt) {
  heart_.Add(attempt);
  absl::MutexLock lock(&mutex_);
  slots_.push_back(std::make_unique<Slot>());
  Slot* slot = slots_.back().get();
  slot->attempt = std::move(attempt);
  slot->thread = std::thread([this, slot] {
    Execute(*slot->attempt);
    absl::MutexLock done(&mutex_);
    slot->done = true;
    ready_ = true;  // there is room
  });
}

void Worker::JoinEnded() {
  std::vector<std::unique_ptr<Slot>> ended;
  {
    absl::MutexLock lock(&mutex_);
    const auto first =
        std::stable_partition(slots_.begin(), slots_.end(),
                              [](const auto& slot) { return !slot->done; });
    std::move(first, slots_.end(), std::back_inserter(ended));
    slots_.erase(first, slots_.end());
  }
  for (const auto& slot : ended) slot->thread.join();
}

void Worker::HintLoop(HintReceiver& receiver) {
  for (;;) {
    const std::optional<Hint> hint = receiver.Wait(options_.poll_interval);
    absl::MutexLock lock(&mutex_);
    if (ended_) return;
    if (!hint) continue;
    if (hint->kind == Hint::Kind::kReady && hint->subject == options_.pool) {
      ready_ = true;
    } else if (hint->kind == Hint::Kind::kCancelled) {
      heart_.BeatNow(hint->subject);
    }
  }
}

void Worker::Run() {
  auto receiver = wakeup_.Subscribe();
  std::thread hints;
  if (receiver.ok()) {
    hints = std::thread([&] { HintLoop(**receiver); });
  } else {
    Log(LogLevel::kWarning, "no wake-ups, polling only",
        {{"error", std::string(receiver.status().message())}});
  }
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (draining_) break;
      // Before the claim: a hint that comes during it counts for the next.
      ready_ = false;
    }
    ClaimAll();
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &Worker::SomethingToDo),
                            options_.poll_interval);
  }
  FinishDrain();
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  // Our own receiver hears it too: its thread need not wait for the poll.
  wakeup_.Send({Hint::Kind::kReady, options_.pool});
  if (hints.joinable()) hints.join();
}

void Worker::FinishDrain() {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &Worker::AllDone),
                            options_.drain_grace);
    for (const auto& slot : slots_) {
      if (slot->done) continue;
      slot->attempt->Stop(StopReason::kDrain,
                          absl::UnavailableError("the worker is stopping"),
                          absl::Now());
    }
  }
  bool stopped = false;
  {
    absl::MutexLock lock(&mutex_);
    stopped = mutex_.AwaitWithTimeout(absl::Condition(this, &Worker::AllDone),
                                      options_.drain_stop);
  }
  if (!stopped) {
    Log(LogLevel::kWarning, "jobs do not stop, ending the worker",
        {{"running", absl::StrCat(running())}});
    Abandon();
    {
      // Ends that are being written just now.
      absl::MutexLock lock(&mutex_);
      stopped = mutex_.AwaitWithTimeout(absl::Condition(this, &Worker::AllDone),
                                        kLastWrites);
    }
    if (!stopped) on_stuck_();
  }
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Worker::AllDone));
  }
  JoinEnded();
}

void Worker::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
}

void Worker::Abandon() {
  Drain();
  abandoned_.Cancel(absl::AbortedError("the worker is ending"));
  for (const auto& attempt : heart_.attempts()) {
    if (!attempt->Conclude()) continue;
    const absl::Status status = store_.Release(attempt->lease());
    attempt->Stop(StopReason::kLost, absl::AbortedError("the worker is ending"),
                  absl::Now());
    Log(LogLevel::kInfo, "job released",
        {{"job", attempt->job().id}, {"status", status.ToString()}});
  }
  wakeup_.Send({Hint::Kind::kReady, options_.pool});
}

absl::StatusOr<bool> Worker::RunOne() {
  PB_ASSIGN_OR_RETURN(const std::shared_ptr<Attempt> attempt,
                      ClaimNext(/*idle=*/true));
  if (attempt == nullptr) return false;
  heart_.Add(attempt);
  Execute(*attempt);
  return true;
}

void Worker::Execute(Attempt& attempt) {
  auto result = Compute(attempt);
  if (attempt.Conclude()) WriteEnd(attempt, std::move(result));
  heart_.Remove(attempt);
}

absl::StatusOr<JobResult> Worker::Compute(Attempt& attempt) {
  // The last wall: whatever a library throws past its own folder ends this
  // job, not its neighbours.
  try {
    PB_ASSIGN_OR_RETURN(
        const ScratchDirectory scratch,
        ScratchDirectory::Create(options_.scratch_directory, "job-"));
    RunContext context;
    context.lease_token = attempt.lease().token;
    context.scratch_directory = scratch.path();
    context.progress = [&attempt](const Progress& progress) {
      attempt.SetProgress(progress);
    };
    context.cancel = attempt.cancel();
    return run_(attempt.job(), context);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("the worker has no memory left");
  } catch (const std::exception& e) {
    return absl::InternalError(
        absl::StrCat("unexpected exception: ", e.what()));
  }
}

absl::Status Worker::Insist(const std::function<absl::Status()>& write) {
  const absl::Time patience = absl::Now() + options_.store_patience;
  absl::Duration wait = absl::Milliseconds(50);
  for (;;) {
    const absl::Status status = write();
    if (status.code() != absl::StatusCode::kUnavailable) return status;
    if (absl::Now() >= patience || abandoned_.WaitFor(wait)) return status;
    wait = std::min(wait * 2, absl::Seconds(5));
  }
}

void Worker::RemoveStaged(const Attempt& attempt) {
  const std::string prefix =
      AttemptPrefix(attempt.job().id, attempt.lease().token) + "/";
  const absl::Status status = storage_.RemovePrefix(prefix);
  if (status.ok()) return;
  // Nobody points to them; the store's retention finds them again.
  Log(LogLevel::kWarning, "cannot remove staged files",
      {{"prefix", prefix}, {"error", std::string(status.message())}});
}

absl::string_view Worker::AfterRefusal(const Attempt& attempt,
                                       const JobResult& result) {
  // Dismissed at the last moment: confirm. If the lease is lost instead, this
  // is refused as well.
  const JobError dismissed =
      JobErrorFrom(absl::CancelledError("the job was dismissed"));
  if (store_.Fail(attempt.lease(), dismissed, false).ok()) return "dismissed";
  // An earlier try may have been written although its answer was not heard.
  const auto job = store_.Get(attempt.job().id);
  const bool ours = job.ok() && job->state == JobState::kSuccessful &&
                    job->result && ToJson(*job->result) == ToJson(result);
  return ours ? "successful" : "lost";
}

absl::string_view Worker::FailUnwritten(const Attempt& attempt,
                                        absl::Status* written) {
  const absl::Status error =
      Annotate(*written, "the result cannot be recorded");
  // A disk that is full may have room later; what cannot be stored never can.
  const bool retryable = error.code() == absl::StatusCode::kResourceExhausted;
  *written = Insist([&] {
    return store_.Fail(attempt.lease(), JobErrorFrom(error), retryable);
  });
  if (!written->ok()) return "lost";
  return retryable ? "retried" : "failed";
}

void Worker::WriteEnd(Attempt& attempt, absl::StatusOr<JobResult> result) {
  const Lease& lease = attempt.lease();
  const StopReason reason = attempt.stop_reason();
  absl::Status written;
  absl::string_view outcome;
  if (reason == StopReason::kLost) {
    outcome = "lost";
  } else if (result.ok() && reason != StopReason::kDismissed) {
    written = Insist([&] { return store_.Succeed(lease, *result); });
    outcome = written.ok() ? "successful" : "lost";
    if (written.code() == absl::StatusCode::kAborted) {
      outcome = AfterRefusal(attempt, *result);
    } else if (!written.ok() &&
               written.code() != absl::StatusCode::kUnavailable) {
      outcome = FailUnwritten(attempt, &written);
    }
  } else if (reason == StopReason::kDrain) {
    written = Insist([&] { return store_.Release(lease); });
    outcome = "released";
  } else {
    absl::Status error = result.status();
    bool retryable = IsRetryable(error);
    if (reason == StopReason::kDismissed) {
      error = absl::CancelledError("the job was dismissed");
      retryable = false;
    } else if (reason == StopReason::kDeadline) {
      error = attempt.cancel().status();
      retryable = false;  // the next attempt would take as long
    }
    written = Insist(
        [&] { return store_.Fail(lease, JobErrorFrom(error), retryable); });
    outcome = reason == StopReason::kDismissed ? "dismissed"
              : retryable                      ? "retried"
                                               : "failed";
  }
  // Where the store did not answer, the result may be the job's: leave it.
  const bool unknown = written.code() == absl::StatusCode::kUnavailable;
  if (outcome != "successful" && !unknown) RemoveStaged(attempt);
  const absl::Duration took = absl::Now() - attempt.begin();
  Log(outcome == "failed" || outcome == "lost" ? LogLevel::kWarning
                                               : LogLevel::kInfo,
      "job ended",
      {{"job", attempt.job().id},
       {"process", attempt.job().process_id},
       {"outcome", std::string(outcome)},
       {"seconds", absl::StrCat(absl::ToDoubleSeconds(took))},
       {"error", std::string(result.status().message())},
       {"write", std::string(written.message())}});
  if (on_outcome_) {
    const Job& job = attempt.job();
    const absl::Duration waited =
        attempt.begin() - std::max(job.created, job.run_after);
    on_outcome_({job, outcome, std::max(waited, absl::ZeroDuration()), took,
                 outcome == "successful" ? &*result : nullptr});
  }
  if (outcome == "released" || outcome == "retried") {
    wakeup_.Send({Hint::Kind::kReady, attempt.job().pool});
  }
  wakeup_.Send({Hint::Kind::kFinished, attempt.job().id});
}

void Worker::OnStuck(Attempt& attempt) {
  Log(LogLevel::kError, "job does not stop, ending the worker",
      {{"job", attempt.job().id}});
  if (attempt.Conclude() && attempt.stop_reason() != StopReason::kLost) {
    const absl::Status why = attempt.cancel().status();
    const absl::Status status =
        attempt.stop_reason() == StopReason::kDrain
            ? store_.Release(attempt.lease())
            : store_.Fail(attempt.lease(),
                          JobErrorFrom(Annotate(why, "did not stop")), false);
    if (!status.ok()) {
      Log(LogLevel::kWarning, "cannot write the end of the job",
          {{"job", attempt.job().id}, {"error", status.ToString()}});
    }
    wakeup_.Send({Hint::Kind::kFinished, attempt.job().id});
  }
  // Its neighbours are innocent: no crash is charged to them.
  Abandon();
  on_stuck_();
}

}  // namespace pushbroom
