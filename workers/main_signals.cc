#include "workers/main_signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

int signal_pipe = -1;

// Only what may be called in a signal handler.
void OnSignal(int number) {
  const int saved = errno;
  const char byte = static_cast<char>(number);
  // Full means that nobody reads: one more byte would not help.
  if (::write(signal_pipe, &byte, 1) < 0) errno = saved;
  errno = saved;
}

}  // namespace

absl::StatusOr<int> SignalPipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  signal_pipe = ends[1];
  struct sigaction action = {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return ends[0];
}

}  // namespace pushbroom
