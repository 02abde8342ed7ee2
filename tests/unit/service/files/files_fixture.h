// A files port over a directory, with one result of 200,000 bytes.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/files/files_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"

namespace pushbroom::testing {

inline constexpr char kResultPath[] = "/results/job-1/classes";

class FilesFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto scratch = ScratchDirectory::Create(
        std::filesystem::temp_directory_path(), "files-test");
    ASSERT_OK(scratch);
    scratch_.emplace(*std::move(scratch));
    auto storage = OpenLocalStorage(scratch_->File("storage"));
    ASSERT_OK(storage);
    storage_ = *std::move(storage);
    for (int i = 0; i < 200'000; ++i) {
      content_ += static_cast<char>('a' + i % 26);
    }
    ASSERT_OK(storage_->PutBytes("results/job-1/t/classes.tif", content_));
    options_.uploads = true;
    options_.max_upload_bytes = 1'000'000;
    options_.scratch_directory = scratch_->File("scratch");
  }

  void Start() {
    auto server = FilesServer::Start(
        options_, {*storage_, tokens_, metrics_},
        [this](const std::string& path) -> absl::StatusOr<FileTarget> {
          if (path == "/results/job-1/gone") {
            return FileTarget{"/no/such/file", "image/tiff", "x"};
          }
          if (path == "/results/job-1/broken") {
            return absl::InternalError("secret /path");
          }
          if (path != kResultPath) return absl::NotFoundError("no such result");
          return FileTarget{*storage_->LocalPath("results/job-1/t/classes.tif"),
                            "image/tiff; application=geotiff", file_name_};
        });
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  std::string Signed(const std::string& path = kResultPath) const {
    return tokens_.Sign(path, absl::Hours(1));
  }

  int port() const { return server_->port(); }

  bool ScratchIsEmpty() const {
    return std::filesystem::is_empty(options_.scratch_directory);
  }

  FakeClock clock_;
  FileTokens tokens_{"secret", clock_};
  Metrics metrics_;
  std::string content_;
  std::string file_name_ = "job-1-classes.tif";
  std::optional<ScratchDirectory> scratch_;
  std::unique_ptr<Storage> storage_;
  FilesServer::Options options_;
  std::unique_ptr<FilesServer> server_;
};

}  // namespace pushbroom::testing
