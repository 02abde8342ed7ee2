#include "workers/main_serve.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "workers/main_config.h"
#include "workers/main_signals.h"
#include "workers/worker_app.h"

namespace pushbroom {
namespace {

absl::StatusOr<std::string> ReadAll(int fd) {
  // A memory file that was written before stands at its end.
  ::lseek(fd, 0, SEEK_SET);
  std::string bytes;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot read file descriptor ", fd, ": ", std::strerror(errno)));
    }
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
  }
}

absl::StatusOr<Config> ConfigFor(const ServeFlags& flags) {
  if (flags.config_fd >= 0) {
    PB_ASSIGN_OR_RETURN(const std::string text, ReadAll(flags.config_fd));
    ::close(flags.config_fd);
    PB_ASSIGN_OR_RETURN(const Json json, ParseJson(text));
    return ConfigFromJson(json);
  }
  std::map<std::string, std::string> overrides;
  if (!flags.data_dir.empty()) overrides["data_dir"] = flags.data_dir;
  if (!flags.pool.empty()) overrides["workers.pool"] = flags.pool;
  return LoadConfig(flags.config_file, ProcessEnvironment(), overrides);
}

// What ends the worker from outside, as readable descriptors.
class Endings {
 public:
  Endings(int signals, int parent, int stop)
      : watched_{{signals, POLLIN, 0}, {parent, POLLIN, 0}, {stop, POLLIN, 0}} {
  }

  enum class Event { kSignal, kParentGone, kStop };

  Event Wait() {
    for (;;) {
      if (::poll(watched_, 3, -1) < 0) continue;
      if (watched_[2].revents != 0) return Event::kStop;
      // The pipe carries no bytes: anything there is its end.
      if (watched_[1].revents != 0) return Event::kParentGone;
      if (watched_[0].revents != 0) {
        char number = 0;
        if (::read(watched_[0].fd, &number, 1) > 0) return Event::kSignal;
      }
    }
  }

 private:
  pollfd watched_[3];  // poll ignores negative descriptors
};

void WatchEndings(Endings& endings, WorkerApp& app) {
  bool drained = false;
  for (;;) {
    switch (endings.Wait()) {
      case Endings::Event::kStop:
        return;
      case Endings::Event::kParentGone:
        Log(LogLevel::kWarning, "the service is gone, releasing jobs");
        app.Abandon();
        ::_exit(0);
      case Endings::Event::kSignal:
        if (drained) {  // asked twice: now
          app.Abandon();
          ::_exit(1);
        }
        drained = true;
        Log(LogLevel::kInfo, "draining");
        app.Drain();
    }
  }
}

}  // namespace

int Serve(const ServeFlags& flags) {
  const auto config = ConfigFor(flags);
  if (!config.ok()) {
    InitLogging("pushbroom-worker", LogLevel::kInfo, LogFormat::kText);
    Log(LogLevel::kError, "configuration",
        {{"error", std::string(config.status().message())}});
    return 1;
  }
  InitWorkerLogging(*config);
  const auto signals = SignalPipe();
  int stop[2] = {-1, -1};
  if (!signals.ok() || ::pipe2(stop, O_CLOEXEC) != 0) {
    Log(LogLevel::kError, "cannot watch signals");
    return 1;
  }
  const std::string id = flags.worker_id.empty()
                             ? absl::StrCat("worker-", NewUuid())
                             : flags.worker_id;
  const int port = flags.ops_port >= 0 ? flags.ops_port : config->http.ops_port;
  auto app = WorkerApp::Create(*config, id, port);
  if (!app.ok()) {
    Log(LogLevel::kError, "cannot start",
        {{"error", std::string(app.status().message())}});
    return 1;
  }
  Endings endings(*signals, flags.parent_fd, stop[0]);
  std::thread watcher([&] { WatchEndings(endings, **app); });
  (*app)->Run();
  ::close(stop[1]);  // the watcher's pipe ends
  watcher.join();
  ::close(stop[0]);
  Log(LogLevel::kInfo, "worker ended");
  return 0;
}

}  // namespace pushbroom
