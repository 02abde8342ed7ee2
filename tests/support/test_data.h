// Where tests find files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace pushbroom::testing {

/// A file of the source tree.
inline std::string SourcePath(const std::string& relative) {
  return std::string(PUSHBROOM_SOURCE_DIR) + "/" + relative;
}

/// A file of the real test data (PUSHBROOM_TEST_DATA). The test fails, and
/// says so, where the data are absent.
inline std::string DataPath(const std::string& relative) {
  const char* set = std::getenv("PUSHBROOM_TEST_DATA");
  const std::string root = set ? set : PUSHBROOM_TEST_DATA_DEFAULT;
  const std::string path = root + "/" + relative;
  if (!std::filesystem::exists(path)) {
    ADD_FAILURE() << "test data are absent: " << path
                  << " (set PUSHBROOM_TEST_DATA to the folder that has them)";
  }
  return path;
}

}  // namespace pushbroom::testing
