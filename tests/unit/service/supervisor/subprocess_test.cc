#include "service/supervisor/subprocess.h"

#include <sys/wait.h>

#include <cstdlib>

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
using ::testing::HasSubstr;

TEST(RunCommandTest, PassesInputAndGivesOutput) {
  const std::string input(1 << 20, 'x');
  ASSERT_OK_AND_ASSIGN(
      const CommandResult result,
      RunCommand({"/bin/cat"}, input, absl::Seconds(60), 2 << 20));
  EXPECT_EQ(result.output, input);
  EXPECT_EQ(DescribeExit(result.wait_status), "exited with status 0");
}

TEST(RunCommandTest, SaysHowTheProgramEnded) {
  ASSERT_OK_AND_ASSIGN(
      CommandResult result,
      RunCommand({"/bin/sh", "-c", "exit 3"}, "", absl::Seconds(60), 100));
  EXPECT_EQ(DescribeExit(result.wait_status), "exited with status 3");
  ASSERT_OK_AND_ASSIGN(result, RunCommand({"/bin/sh", "-c", "kill -9 $$"}, "",
                                          absl::Seconds(60), 100));
  EXPECT_THAT(DescribeExit(result.wait_status),
              HasSubstr("was killed by signal 9"));
}

TEST(RunCommandTest, KillsAProgramThatDoesNotEnd) {
  EXPECT_STATUS(
      RunCommand({"/bin/sleep", "600"}, "", absl::Milliseconds(20), 100),
      absl::StatusCode::kDeadlineExceeded, "did not end within 20ms");
}

TEST(RunCommandTest, KillsAProgramThatPrintsTooMuch) {
  EXPECT_STATUS(RunCommand({"/usr/bin/yes"}, "", absl::Seconds(60), 10'000),
                absl::StatusCode::kResourceExhausted, "10000");
}

TEST(RunCommandTest, NamesTheProgramThatIsNotThere) {
  EXPECT_STATUS(RunCommand({"/nowhere/program"}, "", absl::Seconds(1), 100),
                absl::StatusCode::kNotFound, "/nowhere/program");
}

TEST(SpawnTest, DescriptorsThatSwapPlacesArriveRight) {
  ASSERT_OK_AND_ASSIGN(const FileDescriptor a, MemoryFile("a", "first"));
  ASSERT_OK_AND_ASSIGN(const FileDescriptor b, MemoryFile("b", "second"));
  SpawnOptions options;
  const std::string n = std::to_string(a.get());
  const std::string m = std::to_string(b.get());
  options.argv = {
      "/bin/sh", "-c",
      "test \"$(cat <&" + m + ")$(cat <&" + n + ")\" = firstsecond"};
  options.fds = {{b.get(), a.get()}, {a.get(), b.get()}};
  ASSERT_OK_AND_ASSIGN(const pid_t pid, Spawn(options));
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(DescribeExit(status), "exited with status 0");
}

TEST(FindWorkerBinaryTest, NamesThePathWhereItIsNot) {
  setenv("PUSHBROOM_WORKER_BINARY", "/nowhere/worker", 1);
  EXPECT_STATUS(FindWorkerBinary(), absl::StatusCode::kNotFound,
                "/nowhere/worker");
  setenv("PUSHBROOM_WORKER_BINARY", "/bin/sh", 1);
  ASSERT_OK_AND_ASSIGN(const std::string path, FindWorkerBinary());
  EXPECT_EQ(path, "/bin/sh");
  unsetenv("PUSHBROOM_WORKER_BINARY");
}

}  // namespace
}  // namespace pushbroom
