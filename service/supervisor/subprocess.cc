#include "service/supervisor/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/status.h"

extern char** environ;

namespace pushbroom {
namespace {

// Sources are moved above every number that a child may want, so that one
// duplicate never overwrites the source of the next.
constexpr int kFirstSource = 64;

absl::Status ErrnoStatus(const std::string& what, int error) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  return error == ENOENT || error == EACCES ? absl::NotFoundError(text)
                                            : absl::UnavailableError(text);
}

struct SpawnActions {
  SpawnActions() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

void Kill(pid_t pid, int* wait_status) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, wait_status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<FileDescriptor> MemoryFile(const char* name,
                                          absl::string_view bytes) {
  FileDescriptor file(::memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) return ErrnoStatus("cannot make a file in memory", errno);
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return ErrnoStatus("cannot write a file in memory", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

absl::StatusOr<pid_t> Spawn(const SpawnOptions& options) {
  SpawnActions actions;
  std::vector<FileDescriptor> sources;
  for (const auto& [child, ours] : options.fds) {
    FileDescriptor source(::fcntl(ours, F_DUPFD_CLOEXEC, kFirstSource));
    if (source.get() < 0) {
      return ErrnoStatus(absl::StrCat("cannot pass descriptor ", ours), errno);
    }
    posix_spawn_file_actions_adddup2(&actions.files, source.get(), child);
    sources.push_back(std::move(source));
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (options.own_group) flags |= POSIX_SPAWN_SETPGROUP;
  posix_spawnattr_setflags(&actions.attributes, flags);
  posix_spawnattr_setsigmask(&actions.attributes, &none);
  posix_spawnattr_setsigdefault(&actions.attributes, &all);
  posix_spawnattr_setpgroup(&actions.attributes, 0);

  std::vector<char*> argv;
  for (const std::string& arg : options.argv) {
    argv.push_back(const_cast<char*>(arg.c_str()));
  }
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0], &actions.files,
                                  &actions.attributes, argv.data(), environ);
  if (error != 0) {
    return ErrnoStatus(absl::StrCat("cannot start ", options.argv[0]), error);
  }
  return pid;
}

std::string DescribeExit(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return absl::StrCat("was killed by signal ", number, " (",
                        strsignal(number), ")");
  }
  return absl::StrCat("exited with status ", WEXITSTATUS(wait_status));
}

absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& argv,
                                         absl::string_view input,
                                         absl::Duration timeout,
                                         size_t max_output) {
  PB_ASSIGN_OR_RETURN(const FileDescriptor in, MemoryFile("input", input));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return ErrnoStatus("cannot make a pipe", errno);
  }
  const FileDescriptor out(ends[0]);
  FileDescriptor child_end(ends[1]);
  SpawnOptions options;
  options.argv = argv;
  options.fds = {{0, in.get()}, {1, child_end.get()}};
  PB_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  child_end = FileDescriptor();

  CommandResult result;
  const absl::Time deadline = absl::Now() + timeout;
  std::array<char, 4096> buffer;
  for (;;) {
    const absl::Duration left = deadline - absl::Now();
    pollfd waiting{out.get(), POLLIN, 0};
    const int ready =
        left <= absl::ZeroDuration()
            ? 0
            : ::poll(&waiting, 1,
                     static_cast<int>(std::min<int64_t>(
                         absl::ToInt64Milliseconds(left) + 1, 60'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && absl::Now() < deadline) continue;
    if (ready <= 0) {
      Kill(pid, &result.wait_status);
      return absl::DeadlineExceededError(absl::StrCat(
          argv[0], " did not end within ", absl::FormatDuration(timeout)));
    }
    const ssize_t n = ::read(out.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    result.output.append(buffer.data(), static_cast<size_t>(n));
    if (result.output.size() > max_output) {
      Kill(pid, &result.wait_status);
      return absl::ResourceExhaustedError(absl::StrCat(
          argv[0], " printed more than ", max_output, " bytes, the limit"));
    }
  }
  // Its output is closed: it ends now, or it is one that closed it on purpose.
  while (::waitpid(pid, &result.wait_status, 0) < 0 && errno == EINTR) {
  }
  return result;
}

absl::StatusOr<std::string> FindWorkerBinary() {
  std::string path;
  if (const char* set = std::getenv("PUSHBROOM_WORKER_BINARY");
      set && *set != '\0') {
    path = set;
  } else {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
      return absl::NotFoundError(
          absl::StrCat("cannot read /proc/self/exe: ", error.message()));
    }
    path = (self.parent_path() / "pushbroom-worker").string();
  }
  if (::access(path.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no worker program at ", path,
                     " (PUSHBROOM_WORKER_BINARY names another)"));
  }
  return path;
}

}  // namespace pushbroom
