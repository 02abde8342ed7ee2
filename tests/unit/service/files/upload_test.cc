#include "service/files/upload.h"

#include "service/core/base/ids.h"
#include "service/core/base/json.h"
#include "tests/unit/service/files/files_fixture.h"

namespace pushbroom {
namespace {

using testing::Eventually;
using testing::Fetch;
using testing::OpenFiles;
using testing::RawClient;
using testing::RawResponse;

class UploadTest : public testing::FilesFixture {
 protected:
  std::vector<std::string> Stored() {
    auto keys = storage_->List("uploads/");
    EXPECT_TRUE(keys.ok()) << keys.status();
    return *std::move(keys);
  }
  RawResponse Post(const std::string& headers, const std::string& body) {
    return Fetch(port(), "POST", "/uploads", headers, body);
  }
  static std::string Length(size_t size) {
    return absl::StrCat("Content-Length: ", size, "\r\n");
  }
};

TEST_F(UploadTest, StoresTheBodyAndSaysHowToReferToIt) {
  Start();
  const std::string body(900'000, 'q');
  const RawResponse response =
      Post(Length(body.size()) + "Content-Type: image/tiff\r\n", body);
  ASSERT_EQ(response.status, 201) << response.body;
  const Json answer = Json::parse(response.body);
  EXPECT_EQ(answer["size"], 900'000);
  const std::string href = answer["href"];
  ASSERT_EQ(href.substr(0, 7), "upload:");
  EXPECT_TRUE(IsUuid(href.substr(7)));
  const auto stored =
      storage_->GetBytes("uploads/" + href.substr(7), 1'000'000);
  ASSERT_OK(stored);
  EXPECT_EQ(*stored, body);
  EXPECT_TRUE(ScratchIsEmpty());
}

TEST_F(UploadTest, TakesChunks) {
  Start();
  const RawResponse response = Post("Transfer-Encoding: chunked\r\n",
                                    "6\r\nabcdef\r\n2\r\ngh\r\n0\r\n\r\n");
  ASSERT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(Json::parse(response.body)["size"], 8);
}

TEST_F(UploadTest, RefusesWhatIsOverTheLimit) {
  Start();
  // Said before: nothing is read. curl asks with Expect.
  const RawResponse said =
      Post("Content-Length: 1000001\r\nExpect: 100-continue\r\n", "");
  EXPECT_EQ(said.status, 413);
  EXPECT_EQ(Json::parse(said.body)["status"], 413);
  EXPECT_EQ(Post(Length(1'000'001), std::string(1'000'001, 'x')).status, 413);
  // Found out on the way.
  std::string chunks;
  for (int i = 0; i < 20; ++i) {
    chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  }
  chunks += "0\r\n\r\n";
  EXPECT_EQ(Post("Transfer-Encoding: chunked\r\n", chunks).status, 413);
  EXPECT_TRUE(Stored().empty());
  EXPECT_TRUE(ScratchIsEmpty());
  EXPECT_EQ(Post(Length(1'000'000), std::string(1'000'000, 'x')).status, 201);
}

TEST_F(UploadTest, RefusesWhatIsNoFile) {
  Start();
  EXPECT_EQ(Post("Content-Length: 0\r\n", "").status, 400);
  EXPECT_EQ(Post("", "").status, 411);
  EXPECT_EQ(Post("Content-Length: 3\r\nContent-Type: multipart/form-data; "
                 "boundary=x\r\n",
                 "abc")
                .status,
            415);
  const RawResponse wrong = Fetch(port(), "GET", "/uploads");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST, OPTIONS");
  EXPECT_TRUE(Stored().empty());
  EXPECT_TRUE(ScratchIsEmpty());
}

TEST_F(UploadTest, AnUploadThatBreaksOffLeavesNothing) {
  Start();
  Fetch(port(), "GET", "/uploads");
  const int before = OpenFiles();
  for (int i = 0; i < 30; ++i) {
    RawClient client(port());
    client.Send("POST /uploads HTTP/1.1\r\nHost: x\r\n" +
                (i % 2 ? Length(900'000) + "\r\n"
                       : std::string("Transfer-Encoding: chunked\r\n\r\n") +
                             "10000\r\n") +
                std::string(50'000, 'x'));
    if (i % 3 == 0) {
      client.Abort();
    } else {
      client.Close();
    }
  }
  EXPECT_TRUE(
      Eventually([&] { return ScratchIsEmpty() && OpenFiles() <= before; }));
  EXPECT_TRUE(Stored().empty());
  EXPECT_EQ(Post(Length(3), "abc").status, 201);
}

TEST_F(UploadTest, SlowUploadsLeaveRoomForOthers) {
  options_.threads = 4;
  Start();
  RawClient first(port()), second(port());
  for (RawClient* client : {&first, &second}) {
    client->Send(
        "POST /uploads HTTP/1.1\r\nHost: x\r\nContent-Length: "
        "100\r\n\r\n");
  }
  // Both have begun.
  ASSERT_TRUE(Eventually([&] {
    using Entries = std::filesystem::directory_iterator;
    return std::distance(Entries(options_.scratch_directory), Entries()) == 2;
  }));
  const RawResponse refused = Post(Length(3), "abc");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "10");
  EXPECT_EQ(Fetch(port(), "GET", Signed(), "Range: bytes=0-1\r\n").status, 206);
  first.Close();
  EXPECT_TRUE(Eventually([&] { return Post(Length(3), "abc").status == 201; }));
}

TEST_F(UploadTest, CanBeSwitchedOff) {
  options_.uploads = false;
  Start();
  EXPECT_EQ(Post(Length(3), "abc").status, 403);
  EXPECT_FALSE(std::filesystem::exists(options_.scratch_directory));
}

}  // namespace
}  // namespace pushbroom
