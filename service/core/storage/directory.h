// Directories by descriptor: every step of a path is opened from the one
// before, and a symbolic link is never followed, so that no name leads out of
// the root even while somebody changes the tree.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

/// Owns a file descriptor. Thread-compatible.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept;
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// errno `cause` as a status: kNotFound where something is not there (or is no
/// directory, or a link); kFailedPrecondition where a name is taken by another
/// kind of thing; kResourceExhausted where the disk is full; else kUnavailable.
absl::Status ErrnoStatus(absl::string_view what, int cause);

/// The directory `parts` below `root`; `create` makes what is missing, on disk
/// when it returns.
absl::StatusOr<UniqueFd> OpenBelow(int root,
                                   const std::vector<std::string>& parts,
                                   bool create);

/// The names in a directory, without "." and "..", in no order.
absl::StatusOr<std::vector<std::string>> NamesIn(int directory);

/// Removes `name` and, if it is a directory, all that is in it; a link goes,
/// what it points to stays. Absence is no error.
absl::Status RemoveTree(int directory, const std::string& name);

}  // namespace pushbroom
