#include "service/data_dir.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

class DataDirTest : public ::testing::Test {
 protected:
  DataDirTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "data")) {}
  ScratchDirectory scratch_;
};

TEST_F(DataDirTest, TwoServicesDoNotShareOne) {
  {
    ASSERT_OK_AND_ASSIGN(const auto first, DataDir::Open(scratch_.path()));
    const auto second = DataDir::Open(scratch_.path());
    EXPECT_STATUS(second, absl::StatusCode::kFailedPrecondition,
                  absl::StrCat("process ", getpid()));
  }
  EXPECT_OK(DataDir::Open(scratch_.path()));
}

TEST_F(DataDirTest, ItsNameStaysTheSameAfterARestart) {
  std::string name;
  {
    ASSERT_OK_AND_ASSIGN(const auto data, DataDir::Open(scratch_.path()));
    name = data->instance();
  }
  ASSERT_OK_AND_ASSIGN(const auto data, DataDir::Open(scratch_.path()));
  EXPECT_EQ(data->instance(), name);
  ASSERT_OK_AND_ASSIGN(const auto other, DataDir::Open(scratch_.File("b")));
  EXPECT_NE(other->instance(), name);
}

TEST_F(DataDirTest, PathsAreAbsoluteAndTheSecretsFolderIsOurs) {
  std::filesystem::current_path(scratch_.path());
  ASSERT_OK_AND_ASSIGN(const auto data, DataDir::Open("relative"));
  EXPECT_TRUE(std::filesystem::path(data->layout().jobs_file).is_absolute());
  EXPECT_EQ(std::filesystem::status(data->layout().run).permissions(),
            std::filesystem::perms::owner_all);
  std::filesystem::current_path("/");
}

}  // namespace
}  // namespace pushbroom
