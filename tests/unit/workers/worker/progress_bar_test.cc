#include "workers/progress_bar.h"

#include <algorithm>
#include <sstream>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Progress Tiles(int64_t done, int64_t planned) {
  Progress progress;
  progress.message = "running the model";
  progress.tiles_done = done;
  progress.tiles_planned = planned;
  return progress;
}

TEST(ProgressBarTest, SaysStagesAndTenthsWhereThereIsNoTerminal) {
  std::ostringstream out;
  testing::FakeClock clock;
  ProgressBar bar(out, clock, /*terminal=*/false);
  for (int i = 0; i <= 100; ++i) {
    bar.Update(Tiles(i, 100));
    clock.Advance(absl::Milliseconds(500));
  }
  bar.Finish();
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_THAT(text, HasSubstr(" 50 %  50/100 tiles, 2.0 tiles/s, 0:25 left"));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST(ProgressBarTest, DrawsOneLineOnATerminal) {
  std::ostringstream out;
  testing::FakeClock clock;
  ProgressBar bar(out, clock, /*terminal=*/true);
  for (int i = 0; i <= 4; ++i) {
    bar.Update(Tiles(i, 4));
    clock.Advance(absl::Seconds(1));
  }
  bar.Finish();
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr("[###############...............]  50 %"));
  EXPECT_THAT(text, HasSubstr("4/4 tiles, 1.0 tiles/s, 0:00 left"));
}

TEST(ProgressBarTest, DoesNotDrawFasterThanAnEyeFollows) {
  std::ostringstream out;
  testing::FakeClock clock;
  ProgressBar bar(out, clock, /*terminal=*/true);
  for (int i = 0; i < 1000; ++i) bar.Update(Tiles(i, 10000));
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 1);
}

}  // namespace
}  // namespace pushbroom
