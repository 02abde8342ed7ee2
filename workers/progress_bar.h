// How far a job is, for a person at a terminal or a log.
#pragma once

#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// On a terminal one line that is drawn again; elsewhere a line for every stage
/// and every tenth of the tiles. Thread-compatible.
class ProgressBar {
 public:
  /// Both must outlive it.
  ProgressBar(std::ostream& out, const Clock& clock, bool terminal);

  void Update(const Progress& progress);
  /// Leaves the line as it is and goes to the next.
  void Finish();

 private:
  void Draw(const Progress& progress, absl::Time now);

  std::ostream& out_;
  const Clock& clock_;
  const bool terminal_;
  std::string message_;
  int64_t told_ = -1;  // tenths of the tiles
  absl::Time first_tile_ = absl::InfiniteFuture();
  absl::Time drawn_ = absl::InfinitePast();
  size_t width_ = 0;  // of what stands in the line
};

}  // namespace pushbroom
