// The data directory: made, and held by one service at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/core/config/data_layout.h"

namespace pushbroom {

/// Thread-compatible.
class DataDir {
 public:
  /// Makes the directories and takes the lock, which ends with this process
  /// whatever happens to it. kFailedPrecondition, with the process id of the
  /// holder, if another service uses the directory.
  static absl::StatusOr<std::unique_ptr<DataDir>> Open(const std::string& root);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  const DataLayout& layout() const { return layout_; }

  /// Names whoever serves this directory, also after a restart: what it held
  /// in the store by that name is its own again at once.
  const std::string& instance() const { return instance_; }

 private:
  DataDir(DataLayout layout, std::string instance, int lock);
  const DataLayout layout_;
  const std::string instance_;
  const int lock_;
};

}  // namespace pushbroom
