// Storage over a directory, as small as these tests need it.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/storage/storage.h"

namespace pushbroom::testing {

/// With `local` false it acts like an object store. Thread-compatible.
class DirectoryStorage final : public Storage {
 public:
  explicit DirectoryStorage(std::string root) : root_(std::move(root)) {}
  bool local = true;

  absl::Status PutFile(absl::string_view, const std::string&) override {
    return absl::UnimplementedError("not in this test");
  }
  absl::Status PutBytes(absl::string_view key,
                        absl::string_view bytes) override {
    const std::filesystem::path path = Path(key);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetBytes(absl::string_view key,
                                       int64_t max_bytes) override {
    return ReadFile(Path(key), max_bytes);
  }
  absl::StatusOr<ObjectInfo> Stat(absl::string_view) override {
    return absl::UnimplementedError("not in this test");
  }
  absl::StatusOr<std::vector<std::string>> List(absl::string_view) override {
    return absl::UnimplementedError("not in this test");
  }
  absl::Status RemovePrefix(absl::string_view prefix) override {
    std::filesystem::remove_all(Path(prefix));
    return absl::OkStatus();
  }
  std::optional<std::string> LocalPath(absl::string_view key) const override {
    if (!local) return std::nullopt;
    return Path(key);
  }
  std::string UriOf(absl::string_view key) const override {
    return absl::StrCat("s3://bucket/", key);
  }

 private:
  std::string Path(absl::string_view key) const {
    return absl::StrCat(root_, "/", key);
  }
  const std::string root_;
};

}  // namespace pushbroom::testing
