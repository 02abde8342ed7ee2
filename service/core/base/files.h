// Small helpers over local files.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

/// The whole file. kNotFound if it cannot be opened; kResourceExhausted if it
/// is larger than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     int64_t max_bytes = int64_t{1} << 28);

/// Writes to a temporary name beside `path`, syncs, renames: a reader sees the
/// old file or the new one, also after a power cut.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes);

/// Makes `path` and its parents.
absl::Status MakeDirectories(const std::string& path);

/// A directory of its own that is removed with its content on destruction.
/// Thread-compatible.
class ScratchDirectory {
 public:
  /// Made below `parent`, which is made if absent.
  static absl::StatusOr<ScratchDirectory> Create(const std::string& parent,
                                                 absl::string_view prefix);
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&& other) noexcept;
  ~ScratchDirectory();

  const std::string& path() const { return path_; }
  std::string File(absl::string_view name) const;

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  void Remove();
  std::string path_;
};

}  // namespace pushbroom
