#include "workers/main_run_files.h"

#include <filesystem>

#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/storage/storage.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class RunFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(ScratchDirectory made,
                         ScratchDirectory::Create(::testing::TempDir(), "rf-"));
    directory_ = std::make_unique<ScratchDirectory>(std::move(made));
    root_ = std::filesystem::canonical(directory_->path()).string();
  }
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = root_ + "/" + name;
    EXPECT_OK(MakeDirectories(std::filesystem::path(path).parent_path()));
    EXPECT_OK(WriteFileAtomically(path, bytes));
    return path;
  }
  std::unique_ptr<ScratchDirectory> directory_;
  std::string root_;
};

TEST_F(RunFilesTest, ASceneThatIsNotThereIsSaidSo) {
  EXPECT_STATUS(SceneFromArgument(root_ + "/none.tif"),
                absl::StatusCode::kNotFound, "none.tif");
}

TEST_F(RunFilesTest, TheDirectoryOfARasterMayBeRead) {
  const std::string path = Write("scene.tif", "x");
  ASSERT_OK_AND_ASSIGN(const SceneReference scene, SceneFromArgument(path));
  UrlPolicyOptions urls;
  ASSERT_OK(AllowScene(scene, urls));
  EXPECT_THAT(urls.file_roots, ::testing::ElementsAre(root_));
}

TEST_F(RunFilesTest, SoMayTheDirectoriesOfTheFilesThatAnItemNames) {
  Write("bands/b1.tif", "x");
  const std::string item = Write("items/item.json",
                                 R"({"assets":{"b1":{"href":"../bands/b1.tif"},
                    "far":{"href":"https://data.example/x.tif"},
                    "gone":{"href":"/nowhere/at/all.tif"}}})");
  ASSERT_OK_AND_ASSIGN(const SceneReference scene, SceneFromArgument(item));
  UrlPolicyOptions urls;
  ASSERT_OK(AllowScene(scene, urls));
  EXPECT_EQ(urls.file_roots.size(), 2u);
  EXPECT_THAT(urls.file_roots, Contains(root_ + "/bands"));
  EXPECT_FALSE(urls.allow_http);
}

TEST_F(RunFilesTest, AUrlOpensNoDirectory) {
  ASSERT_OK_AND_ASSIGN(const SceneReference scene,
                       SceneFromArgument("http://data.example/item.json"));
  UrlPolicyOptions urls;
  ASSERT_OK(AllowScene(scene, urls));
  EXPECT_TRUE(urls.file_roots.empty());
  EXPECT_TRUE(urls.allow_http);
}

TEST_F(RunFilesTest, TheItemNamesItsRastersBesideIt) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Storage> storage,
                       OpenLocalStorage(root_ + "/storage"));
  ASSERT_OK(storage->PutBytes("results/j/t/classes.tif", "raster"));
  JobResult result;
  result.item = {
      {"assets", {{"classes", {{"href", "storage:results/j/t/classes.tif"}}}}}};
  const std::string out = root_ + "/out";
  ASSERT_OK(MakeDirectories(out));
  ASSERT_OK_AND_ASSIGN(const auto paths, DeliverInto(out, result, *storage));
  EXPECT_EQ(paths.at("classes"), out + "/classes.tif");
  ASSERT_OK_AND_ASSIGN(const std::string raster,
                       ReadFile(out + "/classes.tif"));
  EXPECT_EQ(raster, "raster");
  ASSERT_OK_AND_ASSIGN(const Json item, ParseJsonFile(paths.at("item")));
  EXPECT_EQ(item["assets"]["classes"]["href"], "./classes.tif");
}

}  // namespace
}  // namespace pushbroom
