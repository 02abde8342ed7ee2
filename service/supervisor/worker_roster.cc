#include "service/supervisor/worker_roster.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {
constexpr char kSuffix[] = ".roster";
}  // namespace

absl::StatusOr<std::unique_ptr<WorkerRoster>> WorkerRoster::Create(
    const std::string& run_directory) {
  PB_RETURN_IF_ERROR(MakeDirectories(run_directory));
  std::string path =
      absl::StrCat(run_directory, "/workers-", NewUuid(), kSuffix);
  FileDescriptor file(::open(
      path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<WorkerRoster>(
      new WorkerRoster(std::move(path), std::move(file)));
}

WorkerRoster::~WorkerRoster() { ::unlink(path_.c_str()); }

absl::Status WorkerRoster::Add(absl::string_view worker_id) {
  const std::string line = absl::StrCat(worker_id, "\n");
  const ssize_t n = ::write(file_.get(), line.data(), line.size());
  if (n == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path_, ": ", std::strerror(errno)));
}

absl::StatusOr<OldRosters> FindOldRosters(const std::string& run_directory,
                                          const std::string& own) {
  OldRosters found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(run_directory, error), end;
       !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    if (path == own || !absl::EndsWith(path, kSuffix)) continue;
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) continue;  // removed meanwhile
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      ++found.alive;
      continue;
    }
    PB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    OldRosters::Dead dead;
    dead.path = path;
    dead.worker_ids = absl::StrSplit(text, '\n', absl::SkipEmpty());
    found.dead.push_back(std::move(dead));
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot read ", run_directory, ": ", error.message()));
  }
  return found;
}

}  // namespace pushbroom
