// What only a directory can get wrong; the rest is in the contract suite.
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/storage/storage.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

using Code = absl::StatusCode;
using Keys = std::vector<std::string>;

constexpr int64_t kLimit = 1 << 20;

class LocalStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto scratch = ScratchDirectory::Create(::testing::TempDir(), "local");
    ASSERT_OK(scratch);
    scratch_ = std::make_unique<ScratchDirectory>(*std::move(scratch));
    root_ = scratch_->File("objects");
    outside_ = scratch_->File("outside");
    ASSERT_OK(MakeDirectories(outside_));
    ASSERT_OK(WriteFileAtomically(outside_ + "/secret", "secret"));
    auto storage = OpenLocalStorage(root_);
    ASSERT_OK(storage);
    storage_ = *std::move(storage);
  }
  std::unique_ptr<ScratchDirectory> scratch_;
  std::string root_;
  std::string outside_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(LocalStorageTest, DoesNotFollowLinks) {
  ASSERT_OK(storage_->PutBytes("job/a", "a"));
  fs::create_symlink(outside_ + "/secret", root_ + "/job/link");
  fs::create_directory_symlink(outside_, root_ + "/job/dir");
  fs::create_directory_symlink(outside_, root_ + "/top");
  for (const char* key : {"job/link", "job/dir/secret", "top/secret"}) {
    SCOPED_TRACE(key);
    EXPECT_STATUS(storage_->GetBytes(key, kLimit), Code::kNotFound, key);
    EXPECT_STATUS(storage_->Stat(key), Code::kNotFound, key);
  }
  EXPECT_FALSE(storage_->PutBytes("top/new", "x").ok());
  EXPECT_FALSE(fs::exists(outside_ + "/new"));
  EXPECT_EQ(storage_->List("").value(), Keys({"job/a"}));
  EXPECT_EQ(storage_->List("top/").value(), Keys());
}

TEST_F(LocalStorageTest, RemovingAPrefixLeavesTheTargetsOfLinks) {
  ASSERT_OK(storage_->PutBytes("job/a", "a"));
  fs::create_directory_symlink(outside_, root_ + "/job/dir");
  fs::create_symlink(outside_ + "/secret", root_ + "/job/link");
  fs::create_directory_symlink(outside_, root_ + "/top");
  EXPECT_OK(storage_->RemovePrefix("job/"));
  EXPECT_FALSE(fs::exists(root_ + "/job"));
  EXPECT_OK(storage_->RemovePrefix("top/"));
  EXPECT_OK(storage_->RemovePrefix(""));
  EXPECT_EQ(ReadFile(outside_ + "/secret").value(), "secret");
  EXPECT_TRUE(fs::is_directory(root_));
}

TEST_F(LocalStorageTest, WritingOverALinkReplacesTheLink) {
  fs::create_symlink(outside_ + "/secret", root_ + "/a");
  ASSERT_OK(storage_->PutBytes("a", "mine"));
  EXPECT_EQ(storage_->GetBytes("a", kLimit).value(), "mine");
  EXPECT_EQ(ReadFile(outside_ + "/secret").value(), "secret");
}

TEST_F(LocalStorageTest, TakesInRegularFilesOnly) {
  const std::string link = scratch_->File("link");
  fs::create_symlink(outside_ + "/secret", link);
  EXPECT_STATUS(storage_->PutFile("a", link), Code::kNotFound, link);
  EXPECT_STATUS(storage_->PutFile("a", outside_), Code::kNotFound, outside_);
  const std::string pipe = scratch_->File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_STATUS(storage_->PutFile("a", pipe), Code::kNotFound, pipe);
  EXPECT_EQ(storage_->List("").value(), Keys());
}

TEST_F(LocalStorageTest, MovesFilesAcrossFileSystems) {
  auto memory = ScratchDirectory::Create("/dev/shm", "pushbroom-test");
  ASSERT_OK(memory);
  struct stat there;
  struct stat here;
  ASSERT_EQ(::stat(memory->path().c_str(), &there), 0);
  ASSERT_EQ(::stat(root_.c_str(), &here), 0);
  ASSERT_NE(there.st_dev, here.st_dev)
      << "the test needs its directory and /dev/shm on two file systems; set "
         "TEST_TMPDIR to another directory";
  const std::string bytes(3'000'001, 'b');
  const std::string path = memory->File("scene.tif");
  ASSERT_OK(WriteFileAtomically(path, bytes));
  ASSERT_OK(storage_->PutFile("job/scene.tif", path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(storage_->GetBytes("job/scene.tif", 4'000'000).value(), bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ + "/job"),
                          fs::directory_iterator()),
            1);
}

TEST_F(LocalStorageTest, AnObjectIsNotAFolder) {
  ASSERT_OK(storage_->PutBytes("a", "x"));
  EXPECT_STATUS(storage_->PutBytes("a/b", "y"), Code::kFailedPrecondition,
                "a/b");
  ASSERT_OK(storage_->PutBytes("f/b", "y"));
  EXPECT_STATUS(storage_->PutBytes("f", "x"), Code::kFailedPrecondition, "f");
  EXPECT_EQ(storage_->List("").value(), Keys({"a", "f/b"}));
}

TEST_F(LocalStorageTest, UnfinishedAndForeignFilesAreNotListed) {
  ASSERT_OK(storage_->PutBytes("job/a", "a"));
  ASSERT_OK(WriteFileAtomically(root_ + "/job/.tmp-1234", "half"));
  ASSERT_OK(WriteFileAtomically(root_ + "/.keep", "theirs"));
  EXPECT_EQ(storage_->List("").value(), Keys({"job/a"}));
  EXPECT_OK(storage_->RemovePrefix(""));
  EXPECT_FALSE(fs::exists(root_ + "/job"));
  EXPECT_TRUE(fs::exists(root_ + "/.keep"));
}

TEST_F(LocalStorageTest, SeveralOfThemShareADirectory) {
  ASSERT_OK_AND_ASSIGN(const auto other, OpenLocalStorage(root_ + "/."));
  ASSERT_OK(storage_->PutBytes("a", "x"));
  EXPECT_EQ(other->GetBytes("a", kLimit).value(), "x");
  EXPECT_EQ(other->UriOf("a"), storage_->UriOf("a"));
}

TEST_F(LocalStorageTest, NeedsADirectory) {
  EXPECT_STATUS(OpenLocalStorage(""), Code::kInvalidArgument, "no name");
  EXPECT_STATUS(OpenLocalStorage(outside_ + "/secret"), Code::kUnavailable,
                "secret");
}

}  // namespace
}  // namespace pushbroom
