#include "service/supervisor/supervisor.h"

#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// Descriptors as the worker sees them.
constexpr int kConfigFd = 3;
constexpr int kParentFd = 4;
constexpr int kRosterFd = 5;  // only held

// How often a waiting thread looks at the clock, which a test may turn.
constexpr absl::Duration kTick = absl::Milliseconds(50);

// Whether a listener may be opened there now; a guess, as time goes on.
bool CanListen(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints,
                    &found) != 0) {
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(
      found, ::freeaddrinfo);
  const FileDescriptor socket(
      ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return ::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0;
}

}  // namespace

RestartDelay::RestartDelay(const SupervisorOptions& options)
    : base_(options.restart_base),
      max_(options.restart_max),
      healthy_(options.healthy),
      next_(options.restart_base) {}

absl::Duration RestartDelay::Next(absl::Duration lived, int returned) {
  if (lived >= healthy_ || returned > 0) next_ = base_;
  const absl::Duration delay = next_;
  next_ = std::min(next_ * 2, max_);
  return delay;
}

Supervisor::Supervisor(SupervisorOptions options, JobStore& store,
                       Wakeup& wakeup, const Clock& clock,
                       std::function<void()> on_restart)
    : options_(std::move(options)),
      store_(store),
      wakeup_(wakeup),
      clock_(clock),
      on_restart_(std::move(on_restart)) {}

Supervisor::~Supervisor() { Stop(); }

absl::Status Supervisor::Start() {
  absl::MutexLock lock(&mutex_);
  PB_ASSIGN_OR_RETURN(roster_, WorkerRoster::Create(options_.run_directory));
  own_roster_ = roster_->path();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  alive_read_ = FileDescriptor(ends[0]);
  alive_write_ = FileDescriptor(ends[1]);
  for (int i = 0; i < options_.count; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    Slot* slot = slots_.back().get();
    slot->index = i;
    slot->thread = std::thread([this, slot] { Watch(slot); });
  }
  recovery_ = std::thread([this] { RecoverOrphans(); });
  return absl::OkStatus();
}

int Supervisor::OpsPort(int index) const {
  if (options_.first_ops_port <= 0) return 0;
  const int port = options_.first_ops_port + index;
  if (CanListen(options_.ops_bind, port)) return port;
  Log(LogLevel::kWarning, "the ops port of a worker is taken, using another",
      {{"port", absl::StrCat(port)}});
  return 0;
}

absl::StatusOr<pid_t> Supervisor::StartChild(Slot* slot,
                                             const std::string& worker_id) {
  PB_ASSIGN_OR_RETURN(const FileDescriptor config,
                      MemoryFile("config", options_.config_json));
  SpawnOptions spawn;
  spawn.argv = {options_.binary, "serve",
                "--config-fd",   absl::StrCat(kConfigFd),
                "--worker-id",   worker_id,
                "--parent-fd",   absl::StrCat(kParentFd),
                "--ops-port",    absl::StrCat(OpsPort(slot->index))};
  spawn.own_group = true;
  absl::MutexLock lock(&mutex_);
  if (draining_) return absl::CancelledError("the service ends");
  spawn.fds = {{kConfigFd, config.get()},
               {kParentFd, alive_read_.get()},
               {kRosterFd, roster_->fd()}};
  PB_RETURN_IF_ERROR(roster_->Add(worker_id));
  PB_ASSIGN_OR_RETURN(slot->pid, Spawn(spawn));
  return slot->pid;
}

int Supervisor::WaitFor(Slot* slot, pid_t pid) {
  // First without reaping: as long as the pid is ours nobody else has it, so
  // that Signal never hits a stranger.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) !=
             0 &&
         errno == EINTR) {
  }
  absl::MutexLock lock(&mutex_);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  slot->pid = -1;
  return status;
}

void Supervisor::Watch(Slot* slot) {
  RestartDelay delays(options_);
  while (!stop_.cancelled()) {
    const std::string worker_id =
        absl::StrCat("local-", slot->index, "-", NewUuid());
    const absl::Time started = clock_.Now();
    const auto pid = StartChild(slot, worker_id);
    std::string end;
    int returned = 0;
    if (pid.ok()) {
      Log(LogLevel::kInfo, "worker started",
          {{"worker", worker_id}, {"pid", absl::StrCat(*pid)}});
      end = DescribeExit(WaitFor(slot, *pid));
      returned = ReturnLeases(worker_id);
      RemoveScratch(worker_id);
    } else {
      end = std::string(pid.status().message());
    }
    if (stop_.cancelled()) break;
    const absl::Duration delay = delays.Next(clock_.Now() - started, returned);
    Log(LogLevel::kError, "a worker ended and is started again",
        {{"worker", worker_id},
         {"end", end},
         {"jobs_returned", absl::StrCat(returned)},
         {"restart_in", absl::FormatDuration(delay)}});
    if (on_restart_) on_restart_();
    const absl::Time due = clock_.Now() + delay;
    while (!stop_.cancelled() && clock_.Now() < due) {
      stop_.WaitFor(std::min(kTick, due - clock_.Now()));
    }
  }
  absl::MutexLock lock(&mutex_);
  slot->ended = true;
}

int Supervisor::ReturnLeases(const std::string& worker_id) {
  const auto returned = store_.ReturnLeases(worker_id);
  if (!returned.ok()) {
    // The reaper will do it when the leases end.
    Log(LogLevel::kWarning, "leases of a dead worker cannot be returned",
        {{"worker", worker_id}, {"error", returned.status().ToString()}});
    return 0;
  }
  if (*returned > 0) wakeup_.Send({Hint::Kind::kReady, options_.pool});
  return *returned;
}

void Supervisor::RemoveScratch(const std::string& worker_id) const {
  // The id may come from a file: it must not lead out of the directory.
  if (options_.scratch_directory.empty() || !IsValidId(worker_id)) return;
  const std::string path =
      absl::StrCat(options_.scratch_directory, "/", worker_id);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (!error) return;
  Log(LogLevel::kWarning, "scratch of a dead worker cannot be removed",
      {{"path", path}, {"error", error.message()}});
}

void Supervisor::RecoverOrphans() {
  const absl::Time until = clock_.Now() + options_.orphan_wait;
  while (!stop_.cancelled()) {
    const auto old = FindOldRosters(options_.run_directory, own_roster_);
    if (!old.ok()) {
      Log(LogLevel::kWarning, "workers of an earlier service are not known",
          {{"error", old.status().ToString()}});
      return;
    }
    for (const OldRosters::Dead& dead : old->dead) {
      int returned = 0;
      for (const std::string& id : dead.worker_ids) {
        returned += ReturnLeases(id);
        RemoveScratch(id);
      }
      ::unlink(dead.path.c_str());
      if (returned > 0) {
        Log(LogLevel::kInfo, "jobs of an earlier service's workers returned",
            {{"jobs", absl::StrCat(returned)}});
      }
    }
    if (old->alive == 0 || clock_.Now() >= until) return;
    stop_.WaitFor(kTick);
  }
}

void Supervisor::Signal(int number) {
  absl::MutexLock lock(&mutex_);
  for (const auto& slot : slots_) {
    if (slot->pid > 0) ::kill(slot->pid, number);
  }
}

void Supervisor::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    if (draining_) return;
    draining_ = true;
  }
  stop_.Cancel(absl::CancelledError("the service ends"));
  Signal(SIGTERM);
}

bool Supervisor::AllEnded() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const auto& slot) { return slot->ended; });
}

void Supervisor::Stop() {
  Drain();
  bool ended = false;
  {
    absl::MutexLock lock(&mutex_);
    ended = mutex_.AwaitWithTimeout(
        absl::Condition(this, &Supervisor::AllEnded), options_.grace);
  }
  if (!ended) {
    Log(LogLevel::kWarning, "workers did not end in time and are killed",
        {{"grace", absl::FormatDuration(options_.grace)}});
    Signal(SIGKILL);
  }
  std::vector<std::unique_ptr<Slot>> slots;
  {
    absl::MutexLock lock(&mutex_);
    slots.swap(slots_);
  }
  for (const auto& slot : slots) slot->thread.join();
  if (recovery_.joinable()) recovery_.join();
  absl::MutexLock lock(&mutex_);
  roster_.reset();
}

int Supervisor::running() const { return static_cast<int>(pids().size()); }

std::vector<pid_t> Supervisor::pids() const {
  absl::MutexLock lock(&mutex_);
  std::vector<pid_t> pids;
  for (const auto& slot : slots_) {
    if (slot->pid > 0) pids.push_back(slot->pid);
  }
  return pids;
}

}  // namespace pushbroom
