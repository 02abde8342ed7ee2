#include "service/publish/catalog_directory.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "schemas/geo_types.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/service/publish/directory_storage.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Not;

class CatalogDirectoryTest : public ::testing::Test {
 protected:
  CatalogDirectoryTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "catalog")),
        storage_(scratch_.File("storage")),
        root_(fs::path(scratch_.File("catalog")).lexically_normal()),
        directory_(root_, storage_) {}

  CatalogDirectory::Entry Entry(const std::string& job, const std::string& id,
                                const std::string& bytes) {
    const std::string key = absl::StrCat("results/", job, "/token/classes.tif");
    EXPECT_OK(storage_.PutBytes(key, bytes));
    CatalogDirectory::Entry entry;
    entry.collection = "results";
    entry.job_id = job;
    entry.finished = *ParseRfc3339("2026-11-20T12:00:00Z");
    entry.item = {
        {"type", "Feature"},
        {"stac_version", "1.1.0"},
        {"id", id},
        {"geometry", nullptr},
        {"bbox", {10, 40, 11, 41}},
        {"properties", {{"datetime", "2020-05-05T00:00:00Z"}}},
        {"links", Json::array({{{"rel", "derived_from"},
                                {"href", "https://example.com/scene.json"}},
                               {{"rel", "self"}, {"href", "x.json"}}})},
        {"assets", {{"classes", {{"href", absl::StrCat("storage:", key)}}}}}};
    return entry;
  }

  Json Document(const std::string& relative) {
    auto json = ParseJsonFile(absl::StrCat(root_, "/", relative));
    EXPECT_OK(json);
    return json.ok() ? *json : Json();
  }

  // Every file below the catalogue and its content.
  std::map<std::string, std::string> Everything() {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file()) continue;
      files[fs::relative(entry.path(), root_)] = *ReadFile(entry.path());
    }
    return files;
  }

  // What a client does: follows child and item links from the root, checks
  // that each leads to a document, and back to its parent and root.
  std::vector<std::string> Walk() {
    std::vector<std::string> items;
    Walk(fs::path(root_) / "catalog.json", &items);
    return items;
  }
  void Walk(const fs::path& path, std::vector<std::string>* items) {
    const auto document = ParseJsonFile(path);
    ASSERT_OK(document);
    for (const Json& link : (*document)["links"]) {
      const std::string rel = link["rel"];
      const std::string href = link["href"];
      if (absl::StartsWith(href, "https:")) continue;
      const fs::path target = (path.parent_path() / href).lexically_normal();
      ASSERT_TRUE(fs::exists(target)) << path << " " << rel << " " << href;
      if (rel == "root") {
        EXPECT_EQ(target, fs::path(root_) / "catalog.json");
      }
      if (rel == "collection") {
        EXPECT_EQ(ParseJsonFile(target)->at("id"), (*document)["collection"]);
      }
      if (rel == "child") Walk(target, items);
      if (rel == "item") {
        items->push_back(ParseJsonFile(target)->at("id"));
        Walk(target, items);
      }
      if (rel == "child" || rel == "item") {
        bool back = false;
        const Json below = *ParseJsonFile(target);
        for (const Json& other : below["links"]) {
          if (other["rel"] != "parent") continue;
          const std::string up = other["href"];
          back = (target.parent_path() / up).lexically_normal() == path;
        }
        EXPECT_TRUE(back) << target << " does not lead back to " << path;
      }
    }
    if (!document->contains("assets")) return;
    for (const Json& asset : (*document)["assets"]) {
      const std::string href = asset["href"];
      EXPECT_TRUE(fs::exists(path.parent_path() / href)) << href;
    }
  }

  ScratchDirectory scratch_;
  testing::DirectoryStorage storage_;
  const std::string root_;
  CatalogDirectory directory_;
};

TEST_F(CatalogDirectoryTest, AnItemIsFoundFromTheRootWithItsAssets) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item-1", "pixels")));
  EXPECT_THAT(Walk(), ElementsAre("item-1"));
  const std::string folder = "results/2026/11/20/item-1/";
  const Json item = Document(folder + "item-1.json");
  EXPECT_EQ(item["assets"]["classes"]["href"], "./classes.tif");
  EXPECT_EQ(item["collection"], "results");
  EXPECT_EQ(*ReadFile(root_ + "/" + folder + "classes.tif"), "pixels");
  // Links of others are kept; self would tie the catalogue to a place.
  EXPECT_EQ(item["links"][0]["rel"], "derived_from");
  for (const Json& link : item["links"]) EXPECT_NE(link["rel"], "self");
  EXPECT_EQ(Document("results/collection.json")["extent"]["spatial"]["bbox"],
            Json::parse("[[10,40,11,41]]"));
}

TEST_F(CatalogDirectoryTest, AssetsTakeNoSpaceTwiceAndOutliveTheirJob) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item-1", "pixels")));
  struct stat info {};
  const std::string file = root_ + "/results/2026/11/20/item-1/classes.tif";
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 2u);
  ASSERT_OK(storage_.RemovePrefix("results/job-1/"));
  EXPECT_EQ(*ReadFile(file), "pixels");
}

TEST_F(CatalogDirectoryTest, DeliveredTwiceItIsThereOnceWithTheSameBytes) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item-1", "pixels")));
  ASSERT_OK(directory_.Publish(Entry("job-2", "item-2", "others")));
  const auto before = Everything();
  ASSERT_OK(directory_.Publish(Entry("job-1", "item-1", "pixels")));
  EXPECT_EQ(Everything(), before);
  EXPECT_THAT(Walk(), ElementsAre("item-1", "item-2"));
}

TEST_F(CatalogDirectoryTest, ALaterJobReplacesTheItemOfTheSameId) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item", "old")));
  CatalogDirectory::Entry next = Entry("job-2", "item", "new");
  next.finished += absl::Hours(48);
  ASSERT_OK(directory_.Publish(next));
  EXPECT_THAT(Walk(), ElementsAre("item"));
  EXPECT_FALSE(fs::exists(root_ + "/results/2026/11/20/item"));
  EXPECT_EQ(*ReadFile(root_ + "/results/2026/11/22/item/classes.tif"), "new");
}

TEST_F(CatalogDirectoryTest, AnEarlierJobDeliveredLateReplacesNothing) {
  CatalogDirectory::Entry late = Entry("job-1", "item", "old");
  CatalogDirectory::Entry next = Entry("job-2", "item", "new");
  next.finished += absl::Hours(48);
  ASSERT_OK(directory_.Publish(next));
  ASSERT_OK(directory_.Publish(late));
  EXPECT_THAT(Walk(), ElementsAre("item"));
  EXPECT_EQ(*ReadFile(root_ + "/results/2026/11/22/item/classes.tif"), "new");
}

TEST_F(CatalogDirectoryTest, WhatACrashLeftIsMendedByTheNextDelivery) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item", "pixels")));
  const auto whole = Everything();
  // The last steps of a publication, undone one after the other.
  for (const char* lost :
       {"results/.index/item", "catalog.json", "results/collection.json",
        "results/2026/11/20/catalog.json", "results/2026/11/20/item/item.json",
        "results/2026/11/20/item/classes.tif"}) {
    fs::remove(root_ + "/" + lost);
    std::ofstream(root_ + "/results/2026/11/20/item/classes.tif.tmp-x");
    ASSERT_OK(directory_.Publish(Entry("job-1", "item", "pixels")));
    EXPECT_EQ(Everything(), whole) << lost;
  }
}

TEST_F(CatalogDirectoryTest, NothingIsVisibleWhenAnAssetIsGone) {
  CatalogDirectory::Entry entry = Entry("job-1", "item", "pixels");
  ASSERT_OK(storage_.RemovePrefix("results/job-1/"));
  EXPECT_STATUS(directory_.Publish(entry), absl::StatusCode::kNotFound,
                "is gone");
  EXPECT_FALSE(fs::exists(root_ + "/catalog.json"));
}

TEST_F(CatalogDirectoryTest, ObjectsOfAnObjectStoreAreNamedByTheirUri) {
  storage_.local = false;
  ASSERT_OK(directory_.Publish(Entry("job-1", "item", "pixels")));
  EXPECT_EQ(
      Document(
          "results/2026/11/20/item/item.json")["assets"]["classes"]["href"],
      "s3://bucket/results/job-1/token/classes.tif");
}

TEST_F(CatalogDirectoryTest, AssetsOfOneFileNameAreKeptApart) {
  CatalogDirectory::Entry entry = Entry("job-1", "item", "pixels");
  ASSERT_OK(storage_.PutBytes("results/job-1/other/classes.tif", "more"));
  entry.item["assets"]["second"] = {
      {"href", "storage:results/job-1/other/classes.tif"}};
  ASSERT_OK(directory_.Publish(entry));
  const std::string folder = root_ + "/results/2026/11/20/item/";
  EXPECT_EQ(*ReadFile(folder + "classes.tif"), "pixels");
  EXPECT_EQ(*ReadFile(folder + "second-classes.tif"), "more");
}

TEST_F(CatalogDirectoryTest, IdsThatWouldLeaveTheirPlaceAreRefused) {
  for (const char* id : {"../x", "", "a/b", "catalog.json"}) {
    EXPECT_STATUS(directory_.Publish(Entry("job-1", id, "x")),
                  absl::StatusCode::kInvalidArgument, "item id");
    CatalogDirectory::Entry entry = Entry("job-1", "item", "x");
    entry.collection = id;
    EXPECT_STATUS(directory_.Publish(entry), absl::StatusCode::kInvalidArgument,
                  "collection id");
  }
  EXPECT_FALSE(fs::exists(root_));
}

TEST_F(CatalogDirectoryTest, ADocumentThatSomebodyBrokeIsNotOverwritten) {
  ASSERT_OK(directory_.Publish(Entry("job-1", "item-1", "pixels")));
  std::ofstream(root_ + "/results/collection.json") << "{ my notes";
  const absl::Status status =
      directory_.Publish(Entry("job-2", "item-2", "pixels"));
  EXPECT_STATUS(status, absl::StatusCode::kFailedPrecondition,
                "collection.json");
  EXPECT_EQ(*ReadFile(root_ + "/results/collection.json"), "{ my notes");
}

}  // namespace
}  // namespace pushbroom
