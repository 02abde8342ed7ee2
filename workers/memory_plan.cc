#include "workers/memory_plan.h"

namespace pushbroom {
namespace {

// Batches that exist at once: being filled, being run, being stitched.
constexpr int64_t kBatches = 3;
constexpr int64_t kFloat = 4;
// Rows of blocks that the writer holds; the overviews are made from the file.
constexpr int64_t kWriterRows = 512;

}  // namespace

int64_t PlannedMemoryBytes(const MemoryFacts& facts) {
  const int64_t tile = facts.tile, overlap = facts.overlap;
  const int64_t channels = facts.output_channels;
  const int64_t written =
      1 + (facts.probabilities ? channels * kFloat : 0);  // bytes a pixel
  // A tile's rows, and as many read ahead, each with its validity.
  const int64_t ring =
      2 * tile * facts.width * (int64_t{facts.bands} * facts.sample_bytes + 1);
  const int64_t carry =
      channels * kFloat *
      (overlap * (facts.width + tile) + tile * overlap + tile * tile);
  // Finished rows, with the validity of the row being made and the next.
  const int64_t rows = tile * facts.width * (written + 2);
  const int64_t batches = kBatches * facts.batch_size * tile * tile * kFloat *
                          (facts.bands + channels);
  const int64_t writer = kWriterRows * facts.width * written;
  return ring + carry + rows + batches + writer + facts.model_bytes;
}

}  // namespace pushbroom
