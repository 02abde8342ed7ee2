#include "workers/run_settings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "workers/pipeline/pipeline.h"

namespace pushbroom {
namespace {

absl::Status BadInput(const char* id, const std::string& text) {
  return WithPointer(absl::InvalidArgumentError(text),
                     absl::StrCat("/inputs/", id));
}

// The greatest even number up to half of the tile.
int MaxOverlap(int tile) { return tile / 4 * 2; }

}  // namespace

absl::StatusOr<RunSettings> SettingsFor(const ExecuteRequest& request,
                                        const ModelProbe& probe,
                                        const RunDefaults& defaults,
                                        int64_t width, int64_t height) {
  if (probe.tile_sizes.empty()) {
    return absl::FailedPreconditionError(
        "the probe of the model names no tile size");
  }
  RunSettings settings;
  settings.tile = ChooseTileSize(probe.tile_sizes, width, height);
  // A quarter of a small tile is overlap enough; more would mean computing
  // most pixels several times.
  settings.overlap = std::min(defaults.overlap, settings.tile / 4) / 2 * 2;
  if (request.overlap) {
    const int overlap = *request.overlap;
    if (overlap < 0 || overlap % 2 != 0) {
      return BadInput("overlap", absl::StrCat("overlap ", overlap,
                                              " is not an even number of "
                                              "pixels, 0 or more"));
    }
    if (overlap > MaxOverlap(settings.tile)) {
      return BadInput("overlap", absl::StrCat("overlap ", overlap, " exceeds ",
                                              MaxOverlap(settings.tile),
                                              ", the most for tiles of ",
                                              settings.tile, " pixels"));
    }
    settings.overlap = overlap;
  }
  settings.batch_size = std::max(1, probe.batch_size);
  if (request.batch_size) {
    if (*request.batch_size < 1) {
      return BadInput(
          "batch_size",
          absl::StrCat("batch size ", *request.batch_size, " is below 1"));
    }
    settings.batch_size = std::min(settings.batch_size, *request.batch_size);
  }
  if (request.threshold) {
    const double threshold = *request.threshold;
    if (!(threshold >= 0 && threshold <= 1)) {
      return BadInput("threshold", absl::StrCat("threshold ", threshold,
                                                " is not within 0 to 1"));
    }
    if (probe.output_channels != 1) {
      return BadInput("threshold",
                      absl::StrCat("a threshold is for models with one output "
                                   "channel, this one has ",
                                   probe.output_channels));
    }
    settings.threshold = threshold;
  }
  return settings;
}

}  // namespace pushbroom
