#include "service/core/httpd/stall_guard.h"

#include <utility>

#include "absl/time/clock.h"
#include "civetweb.h"
#include "service/core/base/log.h"
#include "service/core/httpd/sockets.h"

namespace pushbroom {
namespace {

// Its thread is inside a Chunk and needs our lock to leave: the socket is open.
void ShutDown(const Watched& watched) {
  ShutDownConnection(watched.address, watched.peer_port, watched.own_port);
}

}  // namespace

StallGuard::StallGuard(absl::Duration limit)
    : limit_(limit), thread_([this] { Run(); }) {}

StallGuard::~StallGuard() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void StallGuard::Run() {
  absl::MutexLock lock(&mutex_);
  // Four looks in the limit: a chunk may take a quarter longer, no more.
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stop_), limit_ / 4)) {
    CutLate(absl::Now());
  }
}

void StallGuard::CutAll() {
  absl::MutexLock lock(&mutex_);
  for (const Watched& watched : watched_) ShutDown(watched);
}

void StallGuard::CutLate(absl::Time now) {
  for (Watched& watched : watched_) {
    if (watched.cut || now < watched.deadline) continue;
    watched.cut = true;
    ShutDown(watched);
    Log(LogLevel::kInfo, "cut a connection that did not get on",
        {{"client", watched.address}});
  }
}

StallGuard::Chunk::Chunk(StallGuard* guard, const mg_connection* connection)
    : guard_(guard) {
  const mg_request_info* info = mg_get_request_info(connection);
  Watched watched;
  watched.address = info->remote_addr;
  watched.peer_port = info->remote_port;
  watched.own_port = info->server_port;
  watched.deadline = absl::Now() + guard->limit_;
  absl::MutexLock lock(&guard_->mutex_);
  place_ = guard_->watched_.insert(guard_->watched_.end(), std::move(watched));
}

StallGuard::Chunk::~Chunk() {
  absl::MutexLock lock(&guard_->mutex_);
  guard_->watched_.erase(place_);
}

}  // namespace pushbroom
