// The seam between a job and the device: tiles go in, predictions come out in
// the same order. Behind it tiles of all running jobs share batches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pushbroom {

/// Shape of what travels through one session.
struct TileShape {
  int channels = 0;  // of the input
  int size = 0;      // height and width of the input tile, pixels
  int output_channels = 0;
  int output_size = 0;  // height and width of the output tile
};

/// One place in a batch: write channels × size × size floats, then Submit.
struct TilePlace {
  float* values = nullptr;
  void* handle = nullptr;  // the session's own
};

/// output_channels × output_size × output_size floats, planar.
/// The memory lives as long as the object.
class TilePrediction {
 public:
  virtual ~TilePrediction() = default;
  virtual const float* values() const = 0;
};

/// One job's end of a resident model. Acquire and Submit belong to one thread,
/// Next to one other thread; both may run at once.
class TileSession {
 public:
  virtual ~TileSession() = default;
  virtual const TileShape& shape() const = 0;

  /// Waits for a place. An error means that the session has failed.
  virtual absl::StatusOr<TilePlace> Acquire() = 0;
  /// Hands a written place over. Every acquired place must be submitted.
  virtual void Submit(TilePlace place) = 0;
  /// No more tiles will come: a batch need not wait for this session.
  virtual void Finish() = 0;

  /// The next prediction, in the order of Submit. Absent after the last one
  /// once Finish was called.
  virtual absl::StatusOr<std::unique_ptr<TilePrediction>> Next() = 0;

  /// Wakes both threads; every later call gives `reason`.
  virtual void Abort(absl::Status reason) = 0;
};

}  // namespace pushbroom
