// Predictions of overlapping tiles → blended values of the scene, row of tiles
// by row of tiles.
//
// Weights are separable and sum to one, so nothing is divided and no buffer of
// the scene is kept: what is not final yet is the right overlap of the last
// tile and the bottom overlap of the last row of tiles. Memory is a function of
// width, overlap and channels, not of height.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "workers/pipeline/tile_grid.h"

namespace pushbroom {

/// Thread-compatible. Tiles are added row by row, left to right.
class Stitcher {
 public:
  Stitcher(const TileAxis& rows, const TileAxis& columns, int channels);

  /// Blends tile (row, column) in. `prediction` is channels × tile × tile,
  /// planar; nullptr stands for a tile that was skipped.
  void Add(int row, int column, const float* prediction);

  /// The part that became final with the last Add: rows.Final(row) ×
  /// columns.Final(column) pixels at (rows.Begin(row), columns.Begin(column)).
  /// Channel c, row y begins at block() + c * plane_stride() + y * tile.
  /// May be changed by the caller; valid until the next Add.
  float* block() { return block_.data(); }
  size_t plane_stride() const { return plane_; }

  int64_t bytes() const;

 private:
  const TileAxis rows_, columns_;
  const int channels_;
  const size_t plane_;         // tile * tile
  std::vector<float> block_;   // [channel][tile][tile]
  std::vector<float> right_;   // [channel][tile][overlap]
  std::vector<float> bottom_;  // [channel][overlap][width + tile]
  size_t bottom_width_;
  std::vector<float> zeros_;  // a row of a skipped tile
  // Along x: rising at the left, falling at the right, 1 between; by whether
  // there is a neighbour on that side.
  std::vector<float> across_[2][2];
  std::vector<float> rising_;
};

}  // namespace pushbroom
