// A scene becomes a class raster: strips → tiles → batches → stitched rows.
//
// Three threads: a reader fills the ring of strips, a tiler cuts and scales
// tiles into batch places, and the caller's thread stitches and writes. Memory
// does not depend on the height of the scene; workers/README.md has the
// formula.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "schemas/model.h"
#include "service/core/base/cancellation.h"
#include "workers/pipeline/row_sink.h"
#include "workers/pipeline/strip_source.h"
#include "workers/pipeline/tile_session.h"

namespace pushbroom {

/// What happens to the stored values of one band before the model sees them:
/// x = stored * scale + offset (the source's radiometry), then `scaling`.
struct ChannelRecipe {
  double scale = 1, offset = 0;
  ScalingChain scaling;
};

struct PipelineOptions {
  std::vector<ChannelRecipe> channels;  // one per band of the source
  int overlap = 64;                     // input pixels, even, < tile size / 2
  // Class raster: value written for output channel c. One channel means two
  // classes: values[0] below the threshold, values[1] at or above it.
  std::vector<uint8_t> class_values;
  uint8_t nodata = 255;
  double threshold = 0.5;                  // of the probability
  bool outputs_are_probabilities = false;  // else logits
};

struct BandStatistics {
  double minimum = 0, maximum = 0, mean = 0;  // of stored, valid values
  int64_t count = 0;
};

struct PipelineReport {
  int64_t tiles_planned = 0, tiles_run = 0, tiles_skipped = 0;
  int64_t valid_pixels = 0;
  std::array<int64_t, 256> class_pixels{};  // by value written
  std::vector<BandStatistics> input;        // by band
  absl::Duration elapsed;
};

struct PipelineProgress {
  int64_t tiles_done = 0, tiles_planned = 0;
};

/// Runs the whole scene. `classes` gets one band of uint8_t;
/// `probabilities`, if not null, gets float, output_channels bands (NaN where
/// there is no value). `progress` is called from this thread, after each row
/// of tiles or more often. Errors: of the source, the session, the sinks, or
/// the token's reason.
absl::StatusOr<PipelineReport> RunPipeline(
    const PipelineOptions& options, StripSource& source, TileSession& session,
    RowSink& classes, RowSink* probabilities,
    const std::function<void(const PipelineProgress&)>& progress,
    const CancelToken& cancel);

/// Tiles that a scene of this size needs. For progress and for tests.
int64_t PlannedTiles(int64_t width, int64_t height, int tile, int overlap);

/// The smallest of `sizes` (ascending) that holds the whole scene, else the
/// largest.
int ChooseTileSize(const std::vector<int>& sizes, int64_t width,
                   int64_t height);

}  // namespace pushbroom
