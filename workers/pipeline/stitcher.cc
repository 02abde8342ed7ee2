#include "workers/pipeline/stitcher.h"

#include <algorithm>
#include <cstring>

namespace pushbroom {

Stitcher::Stitcher(const TileAxis& rows, const TileAxis& columns, int channels)
    : rows_(rows),
      columns_(columns),
      channels_(channels),
      plane_(static_cast<size_t>(rows.tile()) *
             static_cast<size_t>(columns.tile())),
      block_(static_cast<size_t>(channels) * plane_),
      right_(static_cast<size_t>(channels) * static_cast<size_t>(rows.tile()) *
             static_cast<size_t>(columns.overlap())),
      bottom_width_(static_cast<size_t>(columns.Begin(columns.count() - 1)) +
                    static_cast<size_t>(columns.tile())),
      zeros_(static_cast<size_t>(columns.tile())),
      rising_(RisingWeights(rows.overlap())) {
  if (rows.count() > 1) {
    bottom_.resize(static_cast<size_t>(channels) *
                   static_cast<size_t>(rows.overlap()) * bottom_width_);
  }
  const std::vector<float> rising = RisingWeights(columns.overlap());
  const size_t tile = static_cast<size_t>(columns.tile());
  for (int left = 0; left < 2; ++left) {
    for (int right = 0; right < 2; ++right) {
      std::vector<float>& weights = across_[left][right];
      weights.assign(tile, 1.0f);
      for (size_t i = 0; i < rising.size(); ++i) {
        if (left) weights[i] *= rising[i];
        if (right) weights[tile - rising.size() + i] *= 1.0f - rising[i];
      }
    }
  }
}

void Stitcher::Add(int row, int column, const float* prediction) {
  const int tile = columns_.tile();
  const int overlap_x = columns_.overlap();
  const int overlap_y = rows_.overlap();
  const bool left = column > 0, right = !columns_.last(column);
  const bool above = row > 0, below = !rows_.last(row);
  const std::vector<float>& across = across_[left][right];
  const int final_columns = right ? columns_.stride() : tile;
  const size_t x = static_cast<size_t>(columns_.Begin(column));

  for (int c = 0; c < channels_; ++c) {
    for (int y = 0; y < tile; ++y) {
      const float* in =
          prediction == nullptr
              ? zeros_.data()
              : prediction + static_cast<size_t>(c) * plane_ +
                    static_cast<size_t>(y) * static_cast<size_t>(tile);
      float* out = block_.data() + static_cast<size_t>(c) * plane_ +
                   static_cast<size_t>(y) * static_cast<size_t>(tile);
      float* carry =
          right_.data() + (static_cast<size_t>(c) * static_cast<size_t>(tile) +
                           static_cast<size_t>(y)) *
                              static_cast<size_t>(overlap_x);
      for (int i = 0; i < tile; ++i)
        out[i] = in[i] * across[static_cast<size_t>(i)];
      if (left) {
        for (int i = 0; i < overlap_x; ++i) out[i] += carry[i];
      }
      if (right) {
        std::memcpy(carry, out + tile - overlap_x,
                    static_cast<size_t>(overlap_x) * sizeof(float));
      }
      // Horizontally complete in [0, final_columns): now down the column.
      if (above && y < overlap_y) {
        const float weight = rising_[static_cast<size_t>(y)];
        const float* from =
            bottom_.data() +
            (static_cast<size_t>(c) * static_cast<size_t>(overlap_y) +
             static_cast<size_t>(y)) *
                bottom_width_ +
            x;
        for (int i = 0; i < final_columns; ++i) {
          out[i] = out[i] * weight + from[i];
        }
      }
      if (below && y >= tile - overlap_y) {
        const int k = y - (tile - overlap_y);
        const float weight = 1.0f - rising_[static_cast<size_t>(k)];
        float* to = bottom_.data() +
                    (static_cast<size_t>(c) * static_cast<size_t>(overlap_y) +
                     static_cast<size_t>(k)) *
                        bottom_width_ +
                    x;
        for (int i = 0; i < final_columns; ++i) to[i] = out[i] * weight;
      }
    }
  }
}

int64_t Stitcher::bytes() const {
  return static_cast<int64_t>((block_.size() + right_.size() + bottom_.size()) *
                              sizeof(float));
}

}  // namespace pushbroom
