#include "service/supervisor/worker_roster.h"

#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using ::testing::ElementsAre;

class WorkerRosterTest : public ::testing::Test {
 protected:
  WorkerRosterTest()
      : run_(*ScratchDirectory::Create(::testing::TempDir(), "roster")) {}
  ScratchDirectory run_;
};

TEST_F(WorkerRosterTest, IsAliveAsLongAsSomebodyHoldsIt) {
  ASSERT_OK_AND_ASSIGN(const auto roster, WorkerRoster::Create(run_.path()));
  ASSERT_OK_AND_ASSIGN(const OldRosters others,
                       FindOldRosters(run_.path(), ""));
  EXPECT_EQ(others.alive, 1);
  EXPECT_TRUE(others.dead.empty());
  ASSERT_OK_AND_ASSIGN(const OldRosters own,
                       FindOldRosters(run_.path(), roster->path()));
  EXPECT_EQ(own.alive, 0);
}

TEST_F(WorkerRosterTest, AChildHoldsItAfterItsParentClosedIt) {
  SpawnOptions spawn;
  spawn.argv = {"/bin/sleep", "600"};
  std::string path;
  pid_t child = -1;
  {
    ASSERT_OK_AND_ASSIGN(const auto roster, WorkerRoster::Create(run_.path()));
    path = roster->path();
    spawn.fds = {{5, roster->fd()}};
    ASSERT_OK_AND_ASSIGN(child, Spawn(spawn));
    // A killed service would not remove the name.
    std::filesystem::create_hard_link(path, run_.File("workers-x.roster"));
  }
  ASSERT_OK_AND_ASSIGN(OldRosters old, FindOldRosters(run_.path(), ""));
  EXPECT_EQ(old.alive, 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_OK_AND_ASSIGN(old, FindOldRosters(run_.path(), ""));
  EXPECT_EQ(old.alive, 0);
  EXPECT_EQ(old.dead.size(), 1u);
}

TEST_F(WorkerRosterTest, TheDeadLeaveTheirNames) {
  std::ofstream(run_.File("workers-1.roster")) << "local-0-a\nlocal-1-b\n";
  ASSERT_OK_AND_ASSIGN(const OldRosters old, FindOldRosters(run_.path(), ""));
  ASSERT_EQ(old.dead.size(), 1u);
  EXPECT_THAT(old.dead[0].worker_ids, ElementsAre("local-0-a", "local-1-b"));
}

TEST_F(WorkerRosterTest, ACleanEndLeavesNothing) {
  {
    ASSERT_OK_AND_ASSIGN(const auto roster, WorkerRoster::Create(run_.path()));
    ASSERT_OK(roster->Add("local-0-a"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(run_.path()));
}

}  // namespace
}  // namespace pushbroom
