#include "workers/inputs/follow.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tiny_http_server.h"

namespace pushbroom {
namespace {

using testing::TinyHttpServer;
using testing::TinyReply;

TEST(AssetHrefTest, RelativeHrefsFollowTheirItem) {
  EXPECT_EQ(*AssetHref("/data/items/a.json", true, "./b/B04.tif"),
            "/data/items/b/B04.tif");
  EXPECT_EQ(*AssetHref("/data/items/a.json", true, "../B04.tif"),
            "/data/B04.tif");
  EXPECT_EQ(*AssetHref("https://example.org/items/a.json", true, "B04.tif"),
            "https://example.org/items/B04.tif");
  EXPECT_EQ(*AssetHref("https://example.org/items/a.json", true, "/B04.tif"),
            "https://example.org/B04.tif");
  EXPECT_EQ(*AssetHref("/data/a.json", true, "https://example.org/B04.tif"),
            "https://example.org/B04.tif");
}

TEST(AssetHrefTest, ByValueThereIsNothingToBeRelativeTo) {
  EXPECT_STATUS(AssetHref("", false, "./B04.tif"),
                absl::StatusCode::kInvalidArgument, "is relative");
  EXPECT_EQ(*AssetHref("", false, "/data/B04.tif"), "/data/B04.tif");
}

TEST(AssetHrefTest, AnItemFromTheWebNamesNoLocalFiles) {
  EXPECT_STATUS(AssetHref("https://example.org/a.json", true, "file:///etc/x"),
                absl::StatusCode::kPermissionDenied, "item from the web");
  EXPECT_EQ(*AssetHref("https://example.org/a.json", true, "/etc/x"),
            "https://example.org/etc/x");
}

class FollowTest : public ::testing::Test {
 protected:
  FollowTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "follow")),
        data_(scratch_.File("data")),
        storage_(*OpenLocalStorage(scratch_.File("storage"))) {
    EXPECT_OK(MakeDirectories(data_));
    UrlPolicyOptions options = testing::OptionsToReach(server_);
    options.file_roots = {data_};
    policy_ = std::make_unique<UrlPolicy>(*UrlPolicy::Create(options));
    client_ = std::make_unique<HttpClient>(*policy_);
  }

  absl::StatusOr<Followed> Follow(const std::string& href,
                                  const std::string& type = "") {
    Follower follower(2000, *client_, storage_.get());
    SceneReference reference;
    reference.href = href;
    reference.type = type;
    return follower.Follow(reference, CancelToken());
  }

  std::string Local(const std::string& name, const std::string& bytes) {
    const std::string path = data_ + "/" + name;
    EXPECT_OK(WriteFileAtomically(path, bytes));
    return path;
  }

  TinyHttpServer server_;
  ScratchDirectory scratch_;
  const std::string data_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<UrlPolicy> policy_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(FollowTest, KnowsJsonByItsContent) {
  ASSERT_OK_AND_ASSIGN(Followed item,
                       Follow(Local("item", "  \n{\"type\":\"Feature\"}")));
  EXPECT_EQ(item.json["type"], "Feature");
  EXPECT_THAT(item.base, ::testing::EndsWith("/item"));
  ASSERT_OK_AND_ASSIGN(Followed raster, Follow(Local("r.json", "II*")));
  EXPECT_TRUE(raster.json.is_null());
  EXPECT_THAT(raster.location, ::testing::EndsWith("/r.json"));
}

TEST_F(FollowTest, StaysBelowTheRoots) {
  EXPECT_STATUS(Follow("/etc/passwd"), absl::StatusCode::kPermissionDenied, "");
  EXPECT_STATUS(Follow("file:///etc/passwd"),
                absl::StatusCode::kPermissionDenied, "");
  EXPECT_STATUS(Follow("http://169.254.169.254/latest"),
                absl::StatusCode::kPermissionDenied, "");
}

TEST_F(FollowTest, LimitsTheSizeOfAnItem) {
  EXPECT_STATUS(Follow(Local("a.json", "{" + std::string(3000, ' ') + "}")),
                absl::StatusCode::kResourceExhausted, "2000");
  server_.Serve("/a.json", "{" + std::string(3000, ' ') + "}");
  EXPECT_STATUS(Follow(server_.Url("/a.json")),
                absl::StatusCode::kResourceExhausted, "2000");
}

TEST_F(FollowTest, LooksIntoWebDocumentsThatNothingNames) {
  server_.Serve("/collections/c/items/i", "{\"type\":\"Feature\"}");
  ASSERT_OK_AND_ASSIGN(Followed item,
                       Follow(server_.Url("/collections/c/items/i")));
  EXPECT_EQ(item.json["type"], "Feature");
  EXPECT_EQ(item.base, server_.Url("/collections/c/items/i"));
  server_.Serve("/download", "II*");
  ASSERT_OK_AND_ASSIGN(Followed raster, Follow(server_.Url("/download")));
  EXPECT_EQ(raster.location, "/vsigate/" + server_.Url("/download"));
}

TEST_F(FollowTest, MediaTypeAndEndingSpareTheLook) {
  ASSERT_OK(Follow(server_.Url("/a.tif?sig=1")));
  ASSERT_OK(Follow(server_.Url("/a"), "image/tiff; application=geotiff"));
  EXPECT_TRUE(server_.requests().empty());
  server_.Serve("/b", "{}");
  ASSERT_OK(Follow(server_.Url("/b"), "application/geo+json"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(FollowTest, AnItemThatIsNotThereIsNotFound) {
  EXPECT_STATUS(Follow(server_.Url("/absent.json")),
                absl::StatusCode::kNotFound, "");
}

TEST_F(FollowTest, FindsUploads) {
  const std::string id = "0b2e5a2e-6a26-4b8b-9f0e-0a3c4d5e6f70";
  ASSERT_OK(storage_->PutBytes("uploads/" + id, "II*"));
  ASSERT_OK_AND_ASSIGN(Followed raster, Follow("upload:" + id));
  EXPECT_EQ(raster.location, *storage_->LocalPath("uploads/" + id));
  EXPECT_STATUS(Follow("upload:1b2e5a2e-6a26-4b8b-9f0e-0a3c4d5e6f70"),
                absl::StatusCode::kNotFound, "");
  storage_.reset();
  EXPECT_STATUS(Follow("upload:" + id), absl::StatusCode::kFailedPrecondition,
                "no storage");
}

}  // namespace
}  // namespace pushbroom
