#include "service/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// The id in the file, made if there is none.
absl::StatusOr<std::string> OpenInstance(const std::string& path) {
  const auto text = ReadFile(path, 64);
  if (text.ok()) {
    std::string id(absl::StripAsciiWhitespace(*text));
    if (IsUuid(id)) return id;
  }
  std::string id = NewUuid();
  PB_RETURN_IF_ERROR(WriteFileAtomically(path, id + "\n"));
  return id;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDir>> DataDir::Open(
    const std::string& root) {
  std::error_code error;
  const std::filesystem::path absolute =
      std::filesystem::absolute(root, error).lexically_normal();
  DataLayout layout(error ? root : absolute.string());
  for (const std::string& folder : {layout.models, layout.storage,
                                    layout.scratch, layout.run, layout.hints}) {
    PB_RETURN_IF_ERROR(MakeDirectories(folder));
  }
  // The secret of the file tokens lies there.
  std::filesystem::permissions(layout.run, std::filesystem::perms::owner_all,
                               error);
  const int lock =
      ::open(layout.lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return absl::UnavailableError(absl::StrCat("cannot open ", layout.lock_file,
                                               ": ", std::strerror(errno)));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    const auto holder = ReadFile(layout.lock_file, 64);
    return absl::FailedPreconditionError(absl::StrCat(
        "the data directory ", layout.root, " is in use by another service",
        holder.ok() && !holder->empty()
            ? absl::StrCat(" (process ", absl::StripAsciiWhitespace(*holder),
                           ")")
            : ""));
  }
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) !=
                                       static_cast<ssize_t>(pid.size())) {
    ::close(lock);
    return absl::UnavailableError(absl::StrCat(
        "cannot write ", layout.lock_file, ": ", std::strerror(errno)));
  }
  auto instance = OpenInstance(absl::StrCat(layout.run, "/instance"));
  if (!instance.ok()) {
    ::close(lock);
    return instance.status();
  }
  return std::unique_ptr<DataDir>(
      new DataDir(std::move(layout), *std::move(instance), lock));
}

DataDir::DataDir(DataLayout layout, std::string instance, int lock)
    : layout_(std::move(layout)), instance_(std::move(instance)), lock_(lock) {}

DataDir::~DataDir() {
  ::unlink(layout_.service_file.c_str());
  ::close(lock_);
}

}  // namespace pushbroom
