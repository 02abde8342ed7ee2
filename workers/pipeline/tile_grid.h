// Where tiles lie on a scene, and how two that overlap share their pixels.
#pragma once

#include <cstdint>
#include <vector>

namespace pushbroom {

/// Tiles along one axis: tile k covers [k * stride, k * stride + tile), the
/// last one reaches beyond the scene where it must. Immutable.
class TileAxis {
 public:
  /// 0 <= overlap < tile; length >= 1.
  TileAxis(int64_t length, int tile, int overlap);

  int64_t length() const { return length_; }
  int tile() const { return tile_; }
  int overlap() const { return overlap_; }
  int stride() const { return tile_ - overlap_; }
  int count() const { return count_; }
  bool last(int k) const { return k == count_ - 1; }
  int64_t Begin(int k) const { return int64_t{k} * stride(); }
  /// Pixels of tile k inside the scene.
  int Inside(int k) const;
  /// Pixels that are final once tile k is blended: up to where the next begins.
  int Final(int k) const { return last(k) ? Inside(k) : stride(); }

 private:
  int64_t length_;
  int tile_, overlap_, count_;
};

/// Weights over the overlap of a tile with the one before it, rising from 0 to
/// 1; the one before gets 1 minus this, so that they sum to exactly one. The
/// outer quarter, where a convolution misses its neighbours most, counts
/// nothing.
std::vector<float> RisingWeights(int overlap);

/// i reflected into [0, n) without repeating the edge: -1 → 1, n → n - 2. For
/// n = 1 always 0.
int64_t Reflect(int64_t i, int64_t n);

}  // namespace pushbroom
