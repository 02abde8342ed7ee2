// Storage in a directory of this machine.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/core/storage/directory.h"
#include "service/core/storage/keys.h"
#include "service/core/storage/storage.h"

namespace pushbroom {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr size_t kCopyBytes = size_t{1} << 20;
// No key begins with a dot, so what is unfinished is never listed.
constexpr char kTemporaryPrefix[] = ".tmp-";

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus("cannot write", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Up to `size` bytes; fewer at the end of the file.
absl::StatusOr<size_t> ReadSome(int fd, char* data, size_t size) {
  while (true) {
    const ssize_t n = ::read(fd, data, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return ErrnoStatus("cannot read", errno);
  }
}

absl::Status CopyAll(int from, int to) {
  std::string buffer(kCopyBytes, '\0');
  while (true) {
    PB_ASSIGN_OR_RETURN(const size_t n,
                        ReadSome(from, buffer.data(), buffer.size()));
    if (n == 0) return absl::OkStatus();
    PB_RETURN_IF_ERROR(WriteAll(to, absl::string_view(buffer).substr(0, n)));
  }
}

// Opens a regular file; a link, a pipe or a directory is "not found", for none
// of them is an object. Does not block on a pipe.
absl::StatusOr<UniqueFd> OpenRegular(int directory, const std::string& name,
                                     struct stat& info) {
  UniqueFd fd(::openat(directory, name.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open", errno);
  if (::fstat(fd.get(), &info) != 0) {
    return ErrnoStatus("cannot inspect", errno);
  }
  if (!S_ISREG(info.st_mode)) return absl::NotFoundError("is not a file");
  return fd;
}

class LocalStorage final : public Storage {
 public:
  LocalStorage(std::string root, UniqueFd root_fd)
      : root_(std::move(root)), root_fd_(std::move(root_fd)) {}

  absl::Status PutFile(absl::string_view key,
                       const std::string& local_path) override {
    PB_RETURN_IF_ERROR(SplitKey(key).status());
    struct stat info;
    auto source = OpenRegular(AT_FDCWD, local_path, info);
    if (!source.ok()) return Annotate(source.status(), local_path);
    PB_ASSIGN_OR_RETURN(const Place place, PlaceOf(key, /*create=*/true));
    // The rename must not outlive the bytes when the power fails.
    if (::fsync(source->get()) != 0) return Failed(key, errno);
    if (::renameat(AT_FDCWD, local_path.c_str(), place.directory.get(),
                   place.name.c_str()) == 0) {
      return SyncDirectory(key, place);
    }
    if (errno != EXDEV) return Failed(key, errno);
    const int from = source->get();
    PB_RETURN_IF_ERROR(
        Write(key, place, [from](int to) { return CopyAll(from, to); }));
    if (::unlink(local_path.c_str()) != 0) {
      return ErrnoStatus(absl::StrCat("cannot remove ", local_path), errno);
    }
    return absl::OkStatus();
  }

  absl::Status PutBytes(absl::string_view key,
                        absl::string_view bytes) override {
    PB_ASSIGN_OR_RETURN(const Place place, PlaceOf(key, /*create=*/true));
    return Write(key, place, [bytes](int to) { return WriteAll(to, bytes); });
  }

  absl::StatusOr<std::string> GetBytes(absl::string_view key,
                                       int64_t max_bytes) override {
    struct stat info;
    PB_ASSIGN_OR_RETURN(const UniqueFd fd, Open(key, info));
    if (info.st_size > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("object ", key, " has ", info.st_size,
                       " bytes, the limit is ", max_bytes));
    }
    std::string bytes(static_cast<size_t>(info.st_size), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      PB_ASSIGN_OR_RETURN(
          const size_t n,
          ReadSome(fd.get(), bytes.data() + done, bytes.size() - done));
      if (n == 0) {
        return absl::UnavailableError(absl::StrCat("object ", key,
                                                   " ends after ", done, " of ",
                                                   bytes.size(), " bytes"));
      }
      done += n;
    }
    return bytes;
  }

  absl::StatusOr<ObjectInfo> Stat(absl::string_view key) override {
    struct stat info;
    PB_RETURN_IF_ERROR(Open(key, info).status());
    ObjectInfo result;
    result.size_bytes = info.st_size;
    return result;
  }

  absl::StatusOr<std::vector<std::string>> List(
      absl::string_view prefix) override {
    PB_ASSIGN_OR_RETURN(const auto parts, SplitPrefix(prefix));
    std::vector<std::string> keys;
    auto directory = OpenBelow(root_fd_.get(), parts, /*create=*/false);
    if (absl::IsNotFound(directory.status())) return keys;
    if (!directory.ok()) return directory.status();
    PB_RETURN_IF_ERROR(Collect(directory->get(), std::string(prefix), keys));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  absl::Status RemovePrefix(absl::string_view prefix) override {
    PB_ASSIGN_OR_RETURN(auto parts, SplitPrefix(prefix));
    if (parts.empty()) return RemoveAll();
    const std::string last = parts.back();
    parts.pop_back();
    auto parent = OpenBelow(root_fd_.get(), parts, /*create=*/false);
    if (absl::IsNotFound(parent.status())) return absl::OkStatus();
    if (!parent.ok()) return parent.status();
    // An object of that very name is not below the prefix; a link is no
    // directory of ours.
    struct stat info;
    if (::fstatat(parent->get(), last.c_str(), &info, AT_SYMLINK_NOFOLLOW) !=
            0 ||
        !S_ISDIR(info.st_mode)) {
      return absl::OkStatus();
    }
    return RemoveTree(parent->get(), last);
  }

  std::optional<std::string> LocalPath(absl::string_view key) const override {
    if (!SplitKey(key).ok()) return std::nullopt;
    return UriOf(key);
  }

  std::string UriOf(absl::string_view key) const override {
    return absl::StrCat(root_ == "/" ? "" : root_, "/", key);
  }

 private:
  struct Place {
    UniqueFd directory;
    std::string name;
  };

  absl::StatusOr<Place> PlaceOf(absl::string_view key, bool create) const {
    PB_ASSIGN_OR_RETURN(auto parts, SplitKey(key));
    Place place;
    place.name = parts.back();
    parts.pop_back();
    auto directory = OpenBelow(root_fd_.get(), parts, create);
    if (!directory.ok()) {
      return Annotate(directory.status(), absl::StrCat("object ", key));
    }
    place.directory = *std::move(directory);
    return place;
  }

  absl::StatusOr<UniqueFd> Open(absl::string_view key,
                                struct stat& info) const {
    PB_ASSIGN_OR_RETURN(const Place place, PlaceOf(key, /*create=*/false));
    auto fd = OpenRegular(place.directory.get(), place.name, info);
    if (!fd.ok()) return Annotate(fd.status(), absl::StrCat("object ", key));
    return fd;
  }

  static absl::Status Failed(absl::string_view key, int cause) {
    return ErrnoStatus(absl::StrCat("cannot store object ", key), cause);
  }

  static absl::Status SyncDirectory(absl::string_view key, const Place& place) {
    if (::fsync(place.directory.get()) != 0) return Failed(key, errno);
    return absl::OkStatus();
  }

  // Fills a temporary file beside the object and renames it.
  template <typename Fill>
  static absl::Status Write(absl::string_view key, const Place& place,
                            Fill fill) {
    const int directory = place.directory.get();
    const std::string temporary = absl::StrCat(kTemporaryPrefix, NewUuid());
    const UniqueFd fd(::openat(directory, temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               kFileMode));
    if (!fd.valid()) return Failed(key, errno);
    absl::Status status = fill(fd.get());
    if (status.ok() && ::fsync(fd.get()) != 0) status = Failed(key, errno);
    if (status.ok() && ::renameat(directory, temporary.c_str(), directory,
                                  place.name.c_str()) != 0) {
      status = Failed(key, errno);
    }
    if (!status.ok()) {
      ::unlinkat(directory, temporary.c_str(), 0);
      return Annotate(status, absl::StrCat("object ", key));
    }
    return SyncDirectory(key, place);
  }

  static absl::Status Collect(int directory, const std::string& prefix,
                              std::vector<std::string>& keys) {
    PB_ASSIGN_OR_RETURN(const auto names, NamesIn(directory));
    for (const std::string& name : names) {
      struct stat info;
      if (!IsKeyPart(name) ||
          ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        continue;  // not ours, or gone meanwhile
      }
      if (S_ISREG(info.st_mode)) keys.push_back(prefix + name);
      if (!S_ISDIR(info.st_mode)) continue;
      auto inside = OpenBelow(directory, {name}, /*create=*/false);
      if (absl::IsNotFound(inside.status())) continue;
      if (!inside.ok()) return inside.status();
      PB_RETURN_IF_ERROR(Collect(inside->get(), prefix + name + "/", keys));
    }
    return absl::OkStatus();
  }

  // What could be an object of ours, and no more: the root may be a directory
  // that others use too.
  absl::Status RemoveAll() {
    PB_ASSIGN_OR_RETURN(const auto names, NamesIn(root_fd_.get()));
    for (const std::string& name : names) {
      if (IsKeyPart(name) || absl::StartsWith(name, kTemporaryPrefix)) {
        PB_RETURN_IF_ERROR(RemoveTree(root_fd_.get(), name));
      }
    }
    return absl::OkStatus();
  }

  const std::string root_;
  const UniqueFd root_fd_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Storage>> OpenLocalStorage(
    const std::string& root) {
  if (root.empty()) {
    return absl::InvalidArgumentError("the storage directory has no name");
  }
  PB_RETURN_IF_ERROR(MakeDirectories(root));
  std::error_code error;
  const std::string real = std::filesystem::canonical(root, error).string();
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot open storage directory ",
                                               root, ": ", error.message()));
  }
  UniqueFd fd(::open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return ErrnoStatus(absl::StrCat("cannot open storage directory ", root),
                       errno);
  }
  return std::unique_ptr<Storage>(
      std::make_unique<LocalStorage>(real, std::move(fd)));
}

}  // namespace pushbroom
