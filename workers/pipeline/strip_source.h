// Where a scene's pixels come from: rows of all bands on one grid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace pushbroom {

/// The native types that travel; every other type of a raster is read as the
/// smallest of these that holds its values (kFloat32 last).
enum class SampleType { kUint8, kUint16, kInt16, kFloat32 };

constexpr size_t SizeOf(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return 1;
    case SampleType::kUint16:
    case SampleType::kInt16:
      return 2;
    case SampleType::kFloat32:
      return 4;
  }
  return 4;
}

/// Rows to fill. Band b, row y, column x of samples is at
/// samples + ((b * band_stride) + y * width + x) * SizeOf(type).
struct StripBuffer {
  void* samples = nullptr;
  size_t band_stride = 0;    // in samples, between the bands
  uint8_t* valid = nullptr;  // [rows][width]; 1: every band has a value
};

/// Thread-compatible: one reader thread at a time.
class StripSource {
 public:
  virtual ~StripSource() = default;
  virtual int64_t width() const = 0;  // pixels of the target grid
  virtual int64_t height() const = 0;
  virtual int bands() const = 0;
  virtual SampleType type() const = 0;  // one for all bands
  /// Rows that are cheap to read together: the height of the blocks in the
  /// file. Reads are made in this number of rows where it is sensible.
  virtual int block_rows() const { return 1; }

  /// Reads rows [y, y + rows) of all bands. Called with growing y.
  virtual absl::Status Read(int64_t y, int rows, const StripBuffer& out) = 0;
};

}  // namespace pushbroom
