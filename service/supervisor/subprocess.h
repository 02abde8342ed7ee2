// Child processes: started without fork, so that it is safe with threads.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pushbroom {

/// An open file descriptor, closed on destruction. Thread-compatible.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// A file in memory with `bytes`, to be read from its beginning; not inherited
/// by children unless it is named in SpawnOptions::fds.
absl::StatusOr<FileDescriptor> MemoryFile(const char* name,
                                          absl::string_view bytes);

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] is the path of the program
  // Descriptor in the child → ours. Others are inherited only if they are not
  // close-on-exec, as 0, 1 and 2 usually are.
  std::map<int, int> fds;
  // A process group of its own: Ctrl-C on the terminal does not reach it.
  bool own_group = false;
};

/// Starts a program with no signal blocked or ignored. Gives its process id;
/// the caller waits for it. kNotFound if there is no such program.
absl::StatusOr<pid_t> Spawn(const SpawnOptions& options);

/// "exited with status 3", "was killed by signal 9 (Killed)": of waitpid.
std::string DescribeExit(int wait_status);

struct CommandResult {
  int wait_status = 0;
  std::string output;  // standard output
};

/// Runs a program to its end; standard error passes through.
/// kDeadlineExceeded (it is killed) after `timeout`, kResourceExhausted above
/// `max_output` bytes, kNotFound as Spawn.
absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& argv,
                                         absl::string_view input,
                                         absl::Duration timeout,
                                         size_t max_output);

/// The worker program: PUSHBROOM_WORKER_BINARY, else pushbroom-worker beside
/// our own executable. kNotFound, with the path, if it is not there.
absl::StatusOr<std::string> FindWorkerBinary();

}  // namespace pushbroom
