#include "workers/progress_bar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pushbroom {
namespace {

constexpr int kBarWidth = 30;

std::string Left(absl::Duration left) {
  const int64_t seconds =
      absl::ToInt64Seconds(absl::Ceil(left, absl::Seconds(1)));
  return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
}

// "12/48 tiles, 3.4 tiles/s, 0:11 left"
std::string Rate(const Progress& progress, absl::Duration since) {
  const double seconds = absl::ToDoubleSeconds(since);
  std::string text =
      absl::StrCat(progress.tiles_done, "/", progress.tiles_planned, " tiles");
  if (progress.tiles_done < 1 || seconds <= 0) return text;
  const double rate = static_cast<double>(progress.tiles_done) / seconds;
  absl::StrAppendFormat(&text, ", %.1f tiles/s", rate);
  const auto left =
      static_cast<double>(progress.tiles_planned - progress.tiles_done);
  absl::StrAppend(&text, ", ", Left(absl::Seconds(left / rate)), " left");
  return text;
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, const Clock& clock, bool terminal)
    : out_(out), clock_(clock), terminal_(terminal) {}

void ProgressBar::Update(const Progress& progress) {
  const absl::Time now = clock_.Now();
  const bool tiles = progress.tiles_planned > 0;
  if (tiles && first_tile_ == absl::InfiniteFuture()) first_tile_ = now;
  const bool stage = !progress.message.empty() && progress.message != message_;
  if (stage) message_ = progress.message;
  if (terminal_) {
    const bool last = tiles && progress.tiles_done == progress.tiles_planned;
    // Ten times a second is what an eye follows.
    if (!stage && !last && now - drawn_ < absl::Milliseconds(100)) return;
    Draw(progress, now);
    return;
  }
  if (stage) out_ << message_ << std::endl;
  if (!tiles) return;
  const int64_t tenth = 10 * progress.tiles_done / progress.tiles_planned;
  if (std::exchange(told_, tenth) == tenth || tenth == 0) return;
  out_ << absl::StrFormat("%3d %%  ", tenth * 10)
       << Rate(progress, now - first_tile_) << std::endl;
}

void ProgressBar::Draw(const Progress& progress, absl::Time now) {
  drawn_ = now;
  std::string line = message_;
  if (progress.tiles_planned > 0) {
    const double share = static_cast<double>(progress.tiles_done) /
                         static_cast<double>(progress.tiles_planned);
    const auto full = static_cast<size_t>(share * kBarWidth);
    line = absl::StrCat(
        "[", std::string(full, '#'),
        std::string(kBarWidth - std::min<size_t>(full, kBarWidth), '.'), "] ",
        absl::StrFormat("%3.0f %%  ", 100 * share),
        Rate(progress, now - first_tile_));
  }
  const size_t blanks = width_ > line.size() ? width_ - line.size() : 0;
  out_ << '\r' << line << std::string(blanks, ' ') << std::flush;
  width_ = line.size();
}

void ProgressBar::Finish() {
  if (terminal_ && width_ > 0) out_ << std::endl;
  width_ = 0;
}

}  // namespace pushbroom
