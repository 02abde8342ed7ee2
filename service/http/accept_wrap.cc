#include "service/http/accept_wrap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <mutex>

extern "C" {
int __real_accept4(int socket, sockaddr* address, socklen_t* length, int flags);
ssize_t __real_send(int socket, const void* bytes, size_t count, int flags);
int __wrap_accept4(int socket, sockaddr* address, socklen_t* length, int flags);
ssize_t __wrap_send(int socket, const void* bytes, size_t count, int flags);
}

namespace pushbroom {
namespace {

// How long a client may leave its receive window closed.
constexpr int kStallMilliseconds = 2000;
constexpr rlim_t kOpenFiles = 65'536;

// The lowest number given to a connection; all below belong to others.
std::atomic<int> lowest_connection{INT_MAX};

// Descriptors of connections go around in [first, end).
class Descriptors {
 public:
  // Moves `fd` to the next number of the round. -1 if there is none.
  int Place(int fd) {
    std::lock_guard<std::mutex> lock(mutex_);
    Prepare();
    for (int round = 0; round < 2; ++round) {
      const int placed = fcntl(fd, F_DUPFD_CLOEXEC, next_);
      if (placed >= 0 && placed < end_) {
        next_ = placed + 1 < end_ ? placed + 1 : first_;
        close(fd);
        return placed;
      }
      if (placed >= 0) close(placed);
      next_ = first_;
    }
    close(fd);
    return -1;
  }

  // Out of descriptors: one is kept back to take a connection and drop it, so
  // that the listening socket does not stay readable for ever.
  void DropOne(int socket) {
    std::lock_guard<std::mutex> lock(mutex_);
    Prepare();
    if (reserve_ >= 0) close(reserve_);
    const int fd = __real_accept4(socket, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    reserve_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

 private:
  void Prepare() {
    if (first_ > 0) return;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    end_ = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, INT_MAX));
    first_ = end_ > 4096 ? 1024 : end_ / 4;
    next_ = first_;
    lowest_connection.store(first_);
    reserve_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

  std::mutex mutex_;
  int first_ = 0, end_ = 0, next_ = 0;
  int reserve_ = -1;
};

Descriptors& TheDescriptors() {
  static auto* const descriptors = new Descriptors;
  return *descriptors;
}

}  // namespace

void PrepareForConnections() {
  static const bool done = [] {
    std::signal(SIGPIPE, SIG_IGN);
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kOpenFiles) {
      limit.rlim_cur = std::min(limit.rlim_max, kOpenFiles);
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    return true;
  }();
  (void)done;
}

}  // namespace pushbroom

int __wrap_accept4(int socket, sockaddr* address, socklen_t* length,
                   int flags) {
  auto& descriptors = pushbroom::TheDescriptors();
  const int fd = __real_accept4(socket, address, length, flags);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE) {
      descriptors.DropOne(socket);
      errno = ECONNABORTED;
    }
    return fd;
  }
  const int placed = descriptors.Place(fd);
  if (placed < 0) errno = ECONNABORTED;
  return placed;
}

ssize_t __wrap_send(int socket, const void* bytes, size_t count, int flags) {
  const bool ours = socket >= pushbroom::lowest_connection.load() &&
                    (flags & MSG_DONTWAIT) == 0;
  for (;;) {
    const ssize_t sent = __real_send(socket, bytes, count, flags);
    if (sent >= 0 || !ours || (errno != EAGAIN && errno != EWOULDBLOCK)) {
      return sent;
    }
    pollfd writable{socket, POLLOUT, 0};
    if (poll(&writable, 1, pushbroom::kStallMilliseconds) <= 0) {
      shutdown(socket, SHUT_RDWR);
      errno = EPIPE;
      return -1;
    }
  }
}
