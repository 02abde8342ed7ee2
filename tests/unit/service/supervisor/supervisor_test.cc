#include "service/supervisor/supervisor.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "service/core/base/files.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

bool Eventually(const std::function<bool()>& holds) {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (absl::Now() < deadline) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(RestartDelayTest, DoublesUpToTheLimit) {
  RestartDelay delay{SupervisorOptions()};
  for (int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(delay.Next(absl::ZeroDuration(), 0), absl::Seconds(seconds));
  }
}

TEST(RestartDelayTest, StartsOverAfterAMinuteOfHealth) {
  RestartDelay delay{SupervisorOptions()};
  delay.Next(absl::ZeroDuration(), 0);
  delay.Next(absl::ZeroDuration(), 0);
  EXPECT_EQ(delay.Next(absl::Minutes(1), 0), absl::Seconds(1));
}

TEST(RestartDelayTest, StartsOverWhenAJobIsToBlame) {
  RestartDelay delay{SupervisorOptions()};
  delay.Next(absl::ZeroDuration(), 0);
  delay.Next(absl::ZeroDuration(), 0);
  EXPECT_EQ(delay.Next(absl::Seconds(1), 1), absl::Seconds(1));
  EXPECT_EQ(delay.Next(absl::Seconds(1), 0), absl::Seconds(2));
}

// A worker that is a shell script: it notes its arguments, the configuration
// it was given and its id, and then lives until its parent's pipe closes.
class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "supervisor")),
        store_(NewMemoryJobStore(JobStore::Options(), clock_)),
        wakeup_(NewMemoryWakeup()) {
    options_.binary = Script(
        "echo \"$@\" >> args; cat <&3 >> config\n"
        "echo $5 >> ids; read x <&4; echo $5 >> orphans");
    options_.config_json = "{\"a\":1}\n";
    options_.run_directory = scratch_.File("run");
    options_.scratch_directory = scratch_.File("scratch");
    options_.restart_base = absl::ZeroDuration();
    options_.grace = absl::Seconds(60);
  }

  std::string Script(const std::string& body) {
    const std::string path = scratch_.File("worker");
    std::ofstream(path) << "#!/bin/sh\ncd " << scratch_.path() << "\n"
                        << body << "\n";
    chmod(path.c_str(), 0755);
    return path;
  }

  std::vector<std::string> Lines(const std::string& name) {
    const auto text = ReadFile(scratch_.File(name));
    if (!text.ok()) return {};
    return absl::StrSplit(*text, '\n', absl::SkipEmpty());
  }

  std::unique_ptr<Supervisor> Start() {
    auto supervisor = std::make_unique<Supervisor>(
        options_, *store_, *wakeup_, clock_, [this] { ++restarts_; });
    EXPECT_OK(supervisor->Start());
    return supervisor;
  }

  // Leaves a file as a job of this worker would; gives the directory.
  std::string LeaveScratchOf(const std::string& worker_id) {
    const std::string path = options_.scratch_directory + "/" + worker_id;
    std::filesystem::create_directories(path + "/job-1");
    std::ofstream(path + "/job-1/classes.tif") << "half";
    return path;
  }

  LeasedJob GiveJobTo(const std::string& worker_id) {
    Job job;
    job.process_id = "p";
    EXPECT_OK(store_->Submit(job, ""));
    ClaimRequest claim;
    claim.worker_id = worker_id;
    claim.pool = "default";
    auto leased = store_->Claim(claim);
    EXPECT_OK(leased);
    EXPECT_TRUE(leased->has_value());
    return **leased;
  }

  ScratchDirectory scratch_;
  FakeClock clock_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  SupervisorOptions options_;
  std::atomic<int> restarts_{0};
};

TEST_F(SupervisorTest, StartsAsManyWorkersAsConfiguredWithIdsOfTheirOwn) {
  options_.count = 2;
  options_.first_ops_port = 9500;
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 2; }));
  EXPECT_EQ(supervisor->running(), 2);
  const auto ids = Lines("ids");
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_THAT(ids[0], StartsWith("local-"));
  for (const std::string& args : Lines("args")) {
    EXPECT_THAT(args, StartsWith("serve --config-fd 3 --worker-id local-"));
    EXPECT_THAT(args, HasSubstr("--parent-fd 4 --ops-port 950"));
  }
  EXPECT_EQ(Lines("config"),
            (std::vector<std::string>{"{\"a\":1}", "{\"a\":1}"}));
}

TEST_F(SupervisorTest, AnOpsPortThatIsTakenIsNotInsistedOn) {
  const FileDescriptor taken(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(
      bind(taken.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  socklen_t size = sizeof(address);
  getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &size);
  options_.first_ops_port = ntohs(address.sin_port);
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  EXPECT_THAT(Lines("args")[0], ::testing::EndsWith("--ops-port 0"));
}

TEST_F(SupervisorTest, StopEndsTheWorkers) {
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  supervisor->Stop();
  EXPECT_EQ(supervisor->running(), 0);
  EXPECT_EQ(restarts_, 0);
  EXPECT_TRUE(std::filesystem::is_empty(options_.run_directory));
}

TEST_F(SupervisorTest, AWorkerThatDoesNotEndIsKilledAfterTheGrace) {
  options_.binary = Script(
      "trap '' TERM; echo $5 >> ids; read x <&4; "
      "while true; do sleep 1; done");
  options_.grace = absl::Milliseconds(10);
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  supervisor->Stop();
  EXPECT_EQ(supervisor->running(), 0);
}

TEST_F(SupervisorTest, ADeadWorkersJobsComeBackAtOnceAndItIsStartedAgain) {
  auto hints = wakeup_->Subscribe();
  ASSERT_OK(hints);
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  const LeasedJob leased = GiveJobTo(Lines("ids")[0]);
  kill(supervisor->pids().at(0), SIGKILL);
  ASSERT_TRUE(Eventually([&] {
    return store_->Get(leased.job.id)->state == JobState::kAccepted;
  }));
  const auto hint = (*hints)->Wait(absl::Seconds(60));
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->kind, Hint::Kind::kReady);
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 2; }));
  EXPECT_EQ(restarts_, 1);
  EXPECT_NE(Lines("ids")[0], Lines("ids")[1]);
}

TEST_F(SupervisorTest, ARestartWaitsForItsDelay) {
  options_.restart_base = absl::Seconds(1);
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  kill(supervisor->pids().at(0), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return restarts_ == 1; }));
  EXPECT_EQ(Lines("ids").size(), 1u);  // the clock stands still
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return Lines("ids").size() == 2; }));
}

TEST_F(SupervisorTest, AProgramThatIsNotThereIsTriedAgain) {
  options_.binary = scratch_.File("none");
  auto supervisor = Start();
  EXPECT_TRUE(Eventually([&] { return restarts_ >= 2; }));
  supervisor->Stop();
}

TEST_F(SupervisorTest, LeasesOfAKilledServicesWorkersAreReturned) {
  std::filesystem::create_directories(options_.run_directory);
  std::ofstream(options_.run_directory + "/workers-1.roster")
      << "local-0-dead\n";
  const LeasedJob leased = GiveJobTo("local-0-dead");
  const LeasedJob other = GiveJobTo("elsewhere");
  auto supervisor = Start();
  EXPECT_TRUE(Eventually([&] {
    return store_->Get(leased.job.id)->state == JobState::kAccepted;
  }));
  EXPECT_EQ(store_->Get(other.job.id)->state, JobState::kRunning);
  supervisor->Stop();
  EXPECT_TRUE(std::filesystem::is_empty(options_.run_directory));
}

TEST_F(SupervisorTest, ScratchOfAKilledWorkerIsRemoved) {
  auto supervisor = Start();
  ASSERT_TRUE(Eventually([&] { return Lines("ids").size() == 1; }));
  const std::string killed = LeaveScratchOf(Lines("ids")[0]);
  const std::string other = LeaveScratchOf("uploads");
  kill(supervisor->pids().at(0), SIGKILL);
  EXPECT_TRUE(Eventually([&] { return !std::filesystem::exists(killed); }));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(SupervisorTest, ScratchOfAKilledServicesWorkersIsRemoved) {
  std::filesystem::create_directories(options_.run_directory);
  const std::string roster = options_.run_directory + "/workers-1.roster";
  // The second would lead out of the scratch directory.
  std::ofstream(roster) << "local-0-dead\n../precious\n";
  const std::string dead = LeaveScratchOf("local-0-dead");
  const std::string precious = LeaveScratchOf("../precious");
  const std::string foreign = LeaveScratchOf("worker-of-another-kind");
  auto supervisor = Start();
  EXPECT_TRUE(Eventually([&] { return !std::filesystem::exists(roster); }));
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(precious));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

}  // namespace
}  // namespace pushbroom
