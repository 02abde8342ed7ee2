// Cuts connections that do not get on: civetweb's time-outs begin anew with
// every byte, so that a client who sends or takes one now and then would hold
// a thread for ever.
#pragma once

#include <list>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

struct mg_connection;

namespace pushbroom {

/// Watches calls that move one chunk each. Thread-safe.
class StallGuard {
 public:
  /// A chunk that takes longer than `limit` costs its connection.
  explicit StallGuard(absl::Duration limit);
  ~StallGuard();

  /// Cuts the connections of all chunks under way.
  void CutAll();

  /// While it lives, the connection moves one chunk.
  class Chunk {
   public:
    Chunk(StallGuard* guard, const mg_connection* connection);
    ~Chunk();
    Chunk(const Chunk&) = delete;
    Chunk& operator=(const Chunk&) = delete;

   private:
    StallGuard* const guard_;
    std::list<struct Watched>::iterator place_;
  };

 private:
  void Run();
  void CutLate(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration limit_;
  absl::Mutex mutex_;
  std::list<struct Watched> watched_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

/// One chunk under way.
struct Watched {
  std::string address;
  int peer_port = 0, own_port = 0;
  absl::Time deadline;
  bool cut = false;
};

}  // namespace pushbroom
