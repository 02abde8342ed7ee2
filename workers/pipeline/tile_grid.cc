#include "workers/pipeline/tile_grid.h"

#include <algorithm>

#include "workers/pipeline/pipeline.h"

namespace pushbroom {

TileAxis::TileAxis(int64_t length, int tile, int overlap)
    : length_(length), tile_(tile), overlap_(overlap) {
  const int64_t step = tile - overlap;
  count_ = length <= tile
               ? 1
               : static_cast<int>((length - overlap + step - 1) / step);
}

int TileAxis::Inside(int k) const {
  return static_cast<int>(std::min<int64_t>(tile_, length_ - Begin(k)));
}

std::vector<float> RisingWeights(int overlap) {
  std::vector<float> weights(static_cast<size_t>(overlap));
  for (int i = 0; i < overlap; ++i) {
    const double position = (i + 0.5) / overlap;
    weights[static_cast<size_t>(i)] =
        static_cast<float>(std::clamp((position - 0.25) / 0.5, 0.0, 1.0));
  }
  return weights;
}

int64_t Reflect(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

int64_t PlannedTiles(int64_t width, int64_t height, int tile, int overlap) {
  return int64_t{TileAxis(width, tile, overlap).count()} *
         TileAxis(height, tile, overlap).count();
}

int ChooseTileSize(const std::vector<int>& sizes, int64_t width,
                   int64_t height) {
  for (int size : sizes) {
    if (width <= size && height <= size) return size;
  }
  return sizes.empty() ? 0 : sizes.back();
}

}  // namespace pushbroom
