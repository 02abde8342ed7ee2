// Where synchronous executions wait: the handler has returned its thread, one
// thread here answers when the job ends or the deadline comes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/api/message.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"

namespace pushbroom {

struct ParkingOptions {
  size_t capacity = 1000;
  // Hints tell when a job has ended; where they are lost, looking does.
  absl::Duration poll = absl::Seconds(1);
  // How late a deadline may be noticed.
  absl::Duration tick = absl::Milliseconds(50);
};

/// Thread-safe.
class ParkingLot {
 public:
  using Send = std::function<void(const api::Response&)>;

  /// All must outlive the lot.
  static absl::StatusOr<std::unique_ptr<ParkingLot>> Open(
      const ParkingOptions& options, JobStore& store, Wakeup& wakeup,
      const Clock& clock);
  ~ParkingLot();

  /// Answers through `send`, once; at once if the job has ended or the lot is
  /// closed. False if the lot is full: then nothing is sent.
  bool Park(api::Parked parked, Send send);

  /// Answers everybody with the job as it is; from now on nobody waits.
  void Close();

  size_t size() const;

 private:
  struct Waiting {
    api::Parked parked;
    Send send;
  };
  using Batch = std::vector<Waiting>;

  ParkingLot(const ParkingOptions& options, JobStore& store,
             std::unique_ptr<HintReceiver> receiver, const Clock& clock);
  void Run();
  // Takes those whose time is over, or all.
  Batch TakeLate(bool all);
  Batch TakeJob(const std::string& job_id);
  void LookAt(const std::string& job_id);
  void LookAtAll();
  void Answer(Batch batch, const absl::StatusOr<Job>& job);

  const ParkingOptions options_;
  JobStore& store_;
  const std::unique_ptr<HintReceiver> receiver_;  // of the thread
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  std::multimap<std::string, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pushbroom
