// What is the sockets' own; what every Wakeup promises is in wakeup_test.cc.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/wakeup.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kSoon = absl::Seconds(30);

class SocketWakeupTest : public ::testing::Test {
 protected:
  std::unique_ptr<Wakeup> Make(const std::string& path) {
    auto wakeup = NewSocketWakeup(path);
    EXPECT_OK(wakeup);
    return *std::move(wakeup);
  }
  int Files() const {
    return static_cast<int>(std::distance(fs::directory_iterator(path_), {}));
  }

  ScratchDirectory directory_ =
      *ScratchDirectory::Create(::testing::TempDir(), "hints");
  const std::string path_ = directory_.File("wake");
};

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

TEST_F(SocketWakeupTest, ReachesReceiversOfOtherProcesses) {
  auto sender = Make(path_);
  auto other = Make(path_);
  ASSERT_OK_AND_ASSIGN(auto receiver, other->Subscribe());
  sender->Send({Hint::Kind::kReady, "gpu"});
  const auto hint = receiver->Wait(kSoon);
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->subject, "gpu");
}

TEST_F(SocketWakeupTest, WorksInADirectoryWithAVeryLongPath) {
  std::string path = path_;
  for (int i = 0; i < 20; ++i) path += "/" + std::string(40, 'd');
  auto wakeup = Make(path);
  ASSERT_OK_AND_ASSIGN(auto receiver, wakeup->Subscribe());
  wakeup->Send({Hint::Kind::kReady, "gpu"});
  EXPECT_TRUE(receiver->Wait(kSoon).has_value());
}

TEST_F(SocketWakeupTest, RemovesASocketWithItsReceiver) {
  auto wakeup = Make(path_);
  ASSERT_OK_AND_ASSIGN(auto receiver, wakeup->Subscribe());
  EXPECT_EQ(Files(), 1);
  receiver.reset();
  EXPECT_EQ(Files(), 0);
}

TEST_F(SocketWakeupTest, RemovesTheSocketsOfTheDeadAndNothingElse) {
  auto wakeup = Make(path_);
  ASSERT_OK_AND_ASSIGN(auto receiver, wakeup->Subscribe());
  ASSERT_OK(WriteFileAtomically(path_ + "/notes.txt", "not a socket"));
  const sockaddr_un address = AddressOf(path_ + "/dead.hint");
  const int dead = socket(AF_UNIX, SOCK_DGRAM, 0);
  ASSERT_EQ(
      bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
      0);
  close(dead);
  EXPECT_EQ(Files(), 3);
  wakeup->Send({Hint::Kind::kReady, "gpu"});
  EXPECT_EQ(Files(), 2);
  EXPECT_FALSE(fs::exists(path_ + "/dead.hint"));
  EXPECT_TRUE(receiver->Wait(kSoon).has_value());
}

TEST_F(SocketWakeupTest, PassesOverHintsOfANewerProgram) {
  auto wakeup = Make(path_);
  ASSERT_OK_AND_ASSIGN(auto receiver, wakeup->Subscribe());
  const std::string name = fs::directory_iterator(path_)->path().string();
  const sockaddr_un address = AddressOf(name);
  const int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  ASSERT_EQ(
      sendto(sender, "?new", 4, 0, reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)),
      4);
  close(sender);
  wakeup->Send({Hint::Kind::kCancelled, "job-1"});
  const auto hint = receiver->Wait(kSoon);
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->kind, Hint::Kind::kCancelled);
}

TEST_F(SocketWakeupTest, SaysWhichDirectoryItCannotUse) {
  ASSERT_OK(WriteFileAtomically(path_, "a file"));
  const auto wakeup = NewSocketWakeup(path_);
  ASSERT_FALSE(wakeup.ok());
  EXPECT_THAT(std::string(wakeup.status().message()),
              ::testing::HasSubstr(path_));
}

}  // namespace
}  // namespace pushbroom
