// What every Storage promises. A new implementation adds one line at the end.
#include "service/core/storage/storage.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

using Code = absl::StatusCode;
using Keys = std::vector<std::string>;

constexpr int64_t kLimit = 1 << 20;

struct Implementation {
  const char* name;
  // `place` is an empty directory of the test's own.
  absl::StatusOr<std::unique_ptr<Storage>> (*open)(const std::string& place);
  friend void PrintTo(const Implementation& i, std::ostream* out) {
    *out << i.name;
  }
};

class StorageTest : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    auto scratch = ScratchDirectory::Create(::testing::TempDir(), "storage");
    ASSERT_OK(scratch);
    scratch_ = std::make_unique<ScratchDirectory>(*std::move(scratch));
    auto storage = GetParam().open(scratch_->File("objects"));
    ASSERT_OK(storage);
    storage_ = *std::move(storage);
  }
  std::string LocalFile(const std::string& name, const std::string& bytes) {
    std::string path = scratch_->File(name);
    EXPECT_OK(WriteFileAtomically(path, bytes));
    return path;
  }
  std::unique_ptr<ScratchDirectory> scratch_;
  std::unique_ptr<Storage> storage_;
};

TEST_P(StorageTest, GivesBackTheBytesItWasGiven) {
  const std::string bytes("a\0b\xff\n", 5);
  ASSERT_OK(storage_->PutBytes("job/1/out.bin", bytes));
  ASSERT_OK_AND_ASSIGN(const std::string back,
                       storage_->GetBytes("job/1/out.bin", kLimit));
  EXPECT_EQ(back, bytes);
  ASSERT_OK_AND_ASSIGN(const ObjectInfo info, storage_->Stat("job/1/out.bin"));
  EXPECT_EQ(info.size_bytes, 5);
  ASSERT_OK(storage_->PutBytes("empty", ""));
  EXPECT_EQ(storage_->GetBytes("empty", 0).value(), "");
}

TEST_P(StorageTest, MovesFilesIn) {
  const std::string path = LocalFile("strip.tif", "strip");
  ASSERT_OK(storage_->PutFile("job/strip.tif", path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(storage_->GetBytes("job/strip.tif", kLimit).value(), "strip");
}

TEST_P(StorageTest, ReplacesAnObjectWhole) {
  ASSERT_OK(storage_->PutBytes("a", "a long first version"));
  ASSERT_OK(storage_->PutBytes("a", "second"));
  EXPECT_EQ(storage_->GetBytes("a", kLimit).value(), "second");
  ASSERT_OK(storage_->PutFile("a", LocalFile("third", "3")));
  EXPECT_EQ(storage_->GetBytes("a", kLimit).value(), "3");
}

TEST_P(StorageTest, AbsentObjectsAreNotFound) {
  ASSERT_OK(storage_->PutBytes("a/b", "x"));
  for (const char* key : {"none", "a", "a/none", "a/b/c", "none/none"}) {
    SCOPED_TRACE(key);
    EXPECT_STATUS(storage_->Stat(key), Code::kNotFound, key);
    EXPECT_STATUS(storage_->GetBytes(key, kLimit), Code::kNotFound, key);
  }
  EXPECT_STATUS(storage_->PutFile("a/c", scratch_->File("no-such-file")),
                Code::kNotFound, "no-such-file");
  EXPECT_EQ(storage_->List("").value(), Keys({"a/b"}));
}

TEST_P(StorageTest, ReadsNoMoreThanTheLimit) {
  ASSERT_OK(storage_->PutBytes("a", "12345"));
  EXPECT_OK(storage_->GetBytes("a", 5));
  EXPECT_STATUS(storage_->GetBytes("a", 4), Code::kResourceExhausted,
                "5 bytes, the limit is 4");
}

TEST_P(StorageTest, RefusesKeysThatAreNoKeys) {
  const std::string local = LocalFile("file", "x");
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"),
        std::string("a//b"), std::string(".."), std::string("../a"),
        std::string("a/../b"), std::string("a/./b"), std::string(".hidden"),
        std::string("-a"), std::string("a b"), std::string("a\\b"),
        std::string("a\0b", 3), std::string("a\nb"), std::string("\xc3\xa4"),
        std::string("a?b"), std::string(129, 'a')}) {
    SCOPED_TRACE(key);
    EXPECT_STATUS(storage_->PutBytes(key, "x"), Code::kInvalidArgument, "key");
    EXPECT_STATUS(storage_->PutFile(key, local), Code::kInvalidArgument, "key");
    EXPECT_STATUS(storage_->GetBytes(key, kLimit), Code::kInvalidArgument,
                  "key");
    EXPECT_STATUS(storage_->Stat(key), Code::kInvalidArgument, "key");
    EXPECT_FALSE(storage_->LocalPath(key).has_value());
  }
  EXPECT_TRUE(fs::exists(local));
  EXPECT_OK(storage_->PutBytes(std::string(128, 'a'), "x"));
  EXPECT_STATUS(storage_->PutBytes(std::string(1025, 'a'), "x"),
                Code::kInvalidArgument, "1024");
}

TEST_P(StorageTest, ListsInOrderOfTheWholeKey) {
  for (const char* key : {"b", "a/2", "a/10", "a-1", "a.1", "a/1/x", "ab/1"}) {
    ASSERT_OK(storage_->PutBytes(key, "x"));
  }
  EXPECT_EQ(storage_->List("").value(),
            Keys({"a-1", "a.1", "a/1/x", "a/10", "a/2", "ab/1", "b"}));
  EXPECT_EQ(storage_->List("a/").value(), Keys({"a/1/x", "a/10", "a/2"}));
  EXPECT_EQ(storage_->List("a/1/").value(), Keys({"a/1/x"}));
  EXPECT_EQ(storage_->List("none/").value(), Keys());
  EXPECT_EQ(storage_->List("b/").value(), Keys());
}

TEST_P(StorageTest, PrefixesEndAtASlash) {
  for (const char* prefix : {"a", "/", "../", "a/../", "a//"}) {
    SCOPED_TRACE(prefix);
    EXPECT_STATUS(storage_->List(prefix), Code::kInvalidArgument, "");
    EXPECT_STATUS(storage_->RemovePrefix(prefix), Code::kInvalidArgument, "");
  }
}

TEST_P(StorageTest, RemovesWhatIsBelowAPrefixAndNoMore) {
  for (const char* key : {"a/1", "a/x/y/2", "ab/1", "b", "c/1"}) {
    ASSERT_OK(storage_->PutBytes(key, "x"));
  }
  EXPECT_OK(storage_->RemovePrefix("a/"));
  EXPECT_EQ(storage_->List("").value(), Keys({"ab/1", "b", "c/1"}));
  EXPECT_OK(storage_->RemovePrefix("a/"));
  EXPECT_OK(storage_->RemovePrefix("none/at/all/"));
  EXPECT_OK(storage_->RemovePrefix("b/"));
  EXPECT_EQ(storage_->List("").value(), Keys({"ab/1", "b", "c/1"}));
  EXPECT_OK(storage_->PutBytes("a/1", "again"));
  EXPECT_OK(storage_->RemovePrefix(""));
  EXPECT_EQ(storage_->List("").value(), Keys());
  EXPECT_OK(storage_->PutBytes("a/1", "again"));
}

TEST_P(StorageTest, ReadersSeeOneVersionOrTheOther) {
  const std::string first(200'000, '1');
  const std::string second(300'000, '2');
  ASSERT_OK(storage_->PutBytes("a/b", first));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_OK(storage_->PutBytes("a/b", i % 2 == 0 ? second : first));
    }
    done = true;
  });
  while (!done) {
    const auto bytes = storage_->GetBytes("a/b", kLimit);
    EXPECT_OK(bytes);
    EXPECT_TRUE(*bytes == first || *bytes == second);
    EXPECT_EQ(storage_->List("").value(), Keys({"a/b"}));
  }
  writer.join();
}

TEST_P(StorageTest, ManyWritersShareAFolder) {
  std::vector<std::thread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([this, w] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_OK(storage_->PutBytes(absl::StrCat("deep/er/", w, "-", i), "x"));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(storage_->List("deep/").value().size(), 40u);
}

TEST_P(StorageTest, WhereObjectsAreFilesThePathLeadsToThem) {
  ASSERT_OK(storage_->PutBytes("a/b.tif", "x"));
  EXPECT_THAT(storage_->UriOf("a/b.tif"), ::testing::EndsWith("/a/b.tif"));
  const std::optional<std::string> path = storage_->LocalPath("a/b.tif");
  if (path) {
    EXPECT_EQ(ReadFile(*path).value(), "x");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Implementations, StorageTest,
    ::testing::Values(Implementation{"Local", &OpenLocalStorage}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace pushbroom
