// Storage in memory.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/storage/storage.h"

namespace pushbroom::testing {

/// Thread-safe.
class MemoryStorage final : public Storage {
 public:
  absl::Status PutFile(absl::string_view key,
                       const std::string& local_path) override {
    PB_RETURN_IF_ERROR(put_error);
    PB_ASSIGN_OR_RETURN(std::string bytes, ReadFile(local_path));
    std::filesystem::remove(local_path);
    return PutBytes(key, bytes);
  }
  absl::Status PutBytes(absl::string_view key,
                        absl::string_view bytes) override {
    absl::MutexLock lock(&mutex_);
    objects_[std::string(key)] = std::string(bytes);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetBytes(absl::string_view key,
                                       int64_t) override {
    absl::MutexLock lock(&mutex_);
    const auto it = objects_.find(std::string(key));
    if (it == objects_.end()) return absl::NotFoundError("no such object");
    return it->second;
  }
  absl::StatusOr<ObjectInfo> Stat(absl::string_view key) override {
    PB_ASSIGN_OR_RETURN(const std::string bytes, GetBytes(key, 0));
    ObjectInfo info;
    info.size_bytes = static_cast<int64_t>(bytes.size());
    return info;
  }
  absl::StatusOr<std::vector<std::string>> List(
      absl::string_view prefix) override {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> keys;
    for (const auto& [key, bytes] : objects_) {
      if (absl::StartsWith(key, prefix)) keys.push_back(key);
    }
    return keys;
  }
  absl::Status RemovePrefix(absl::string_view prefix) override {
    absl::MutexLock lock(&mutex_);
    for (auto it = objects_.begin(); it != objects_.end();) {
      it = absl::StartsWith(it->first, prefix) ? objects_.erase(it)
                                               : std::next(it);
    }
    return absl::OkStatus();
  }
  std::optional<std::string> LocalPath(absl::string_view) const override {
    return std::nullopt;
  }
  std::string UriOf(absl::string_view key) const override {
    return std::string(key);
  }

  absl::Status put_error;

 private:
  absl::Mutex mutex_;
  std::map<std::string, std::string> objects_;
};

}  // namespace pushbroom::testing
