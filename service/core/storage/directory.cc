#include "service/core/storage/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kDirectoryMode = 0755;

// The directory `name` in `parent`, made if absent and wanted.
absl::StatusOr<UniqueFd> Step(int parent, const std::string& name,
                              bool create) {
  UniqueFd fd(::openat(parent, name.c_str(), kDirectoryFlags));
  if (!fd.valid() && errno == ENOENT && create) {
    if (::mkdirat(parent, name.c_str(), kDirectoryMode) == 0) {
      // Without it the new name may be lost with the power.
      ::fsync(parent);
    } else if (errno != EEXIST) {
      return ErrnoStatus(absl::StrCat("cannot make directory ", name), errno);
    }
    fd = UniqueFd(::openat(parent, name.c_str(), kDirectoryFlags));
  }
  if (fd.valid()) return fd;
  const absl::Status status =
      ErrnoStatus(absl::StrCat("cannot open directory ", name), errno);
  // A writer is told that its key is impossible, not that it is absent.
  if (create && absl::IsNotFound(status)) {
    return absl::FailedPreconditionError(status.message());
  }
  return status;
}

}  // namespace

UniqueFd::UniqueFd(UniqueFd&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status ErrnoStatus(absl::string_view what, int cause) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(cause));
  switch (cause) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return absl::NotFoundError(text);
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
      return absl::FailedPreconditionError(text);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::StatusOr<UniqueFd> OpenBelow(int root,
                                   const std::vector<std::string>& parts,
                                   bool create) {
  UniqueFd here(::openat(root, ".", kDirectoryFlags));
  if (!here.valid()) return ErrnoStatus("cannot open the root", errno);
  for (const std::string& part : parts) {
    PB_ASSIGN_OR_RETURN(UniqueFd next, Step(here.get(), part, create));
    here = std::move(next);
  }
  return here;
}

absl::StatusOr<std::vector<std::string>> NamesIn(int directory) {
  // A descriptor of its own: reading moves its position.
  const int fd = ::openat(directory, ".", kDirectoryFlags);
  if (fd < 0) return ErrnoStatus("cannot read a directory", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  if (stream == nullptr) {
    const int cause = errno;
    ::close(fd);
    return ErrnoStatus("cannot read a directory", cause);
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return ErrnoStatus("cannot read a directory", errno);
  return names;
}

absl::Status RemoveTree(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) {
    return absl::OkStatus();
  }
  // POSIX says EPERM for a directory, Linux says EISDIR.
  if (errno != EISDIR && errno != EPERM) {
    return ErrnoStatus(absl::StrCat("cannot remove ", name), errno);
  }
  const UniqueFd inside(::openat(directory, name.c_str(), kDirectoryFlags));
  if (!inside.valid()) {
    return errno == ENOENT
               ? absl::OkStatus()
               : ErrnoStatus(absl::StrCat("cannot remove ", name), errno);
  }
  PB_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                      NamesIn(inside.get()));
  for (const std::string& child : names) {
    PB_RETURN_IF_ERROR(RemoveTree(inside.get(), child));
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 &&
      errno != ENOENT) {
    return ErrnoStatus(absl::StrCat("cannot remove directory ", name), errno);
  }
  return absl::OkStatus();
}

}  // namespace pushbroom
