// Stand-ins for the device, the scene and the rasters, so that jobs run
// without LibTorch and without a raster file.
#pragma once

#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/core/base/status.h"
#include "workers/inference/engine.h"
#include "workers/job_runner.h"

namespace pushbroom::testing {

/// Two channels: the first is 0, the second the input less `limit`, so that
/// class 1 is where the value is above it.
class PuppetSession final : public TileSession {
 public:
  PuppetSession(TileShape shape, float limit) : shape_(shape), limit_(limit) {}

  const TileShape& shape() const override { return shape_; }

  absl::StatusOr<TilePlace> Acquire() override {
    absl::MutexLock lock(&mutex_);
    PB_RETURN_IF_ERROR(aborted_);
    auto* values = new std::vector<float>(
        static_cast<size_t>(shape_.channels * shape_.size * shape_.size));
    return TilePlace{values->data(), values};
  }

  void Submit(TilePlace place) override {
    std::unique_ptr<std::vector<float>> values(
        static_cast<std::vector<float>*>(place.handle));
    const auto plane = static_cast<size_t>(shape_.size * shape_.size);
    std::vector<float> out(2 * plane, 0.0F);
    for (size_t i = 0; i < plane; ++i) out[plane + i] = (*values)[i] - limit_;
    absl::MutexLock lock(&mutex_);
    ready_.push_back(std::move(out));
  }

  void Finish() override {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
  }

  absl::StatusOr<std::unique_ptr<TilePrediction>> Next() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &PuppetSession::CanNext));
    PB_RETURN_IF_ERROR(aborted_);
    if (ready_.empty()) return nullptr;
    auto prediction = std::make_unique<Prediction>(std::move(ready_.front()));
    ready_.pop_front();
    return prediction;
  }

  void Abort(absl::Status reason) override {
    absl::MutexLock lock(&mutex_);
    aborted_ = std::move(reason);
  }

 private:
  class Prediction final : public TilePrediction {
   public:
    explicit Prediction(std::vector<float> values)
        : values_(std::move(values)) {}
    const float* values() const override { return values_.data(); }

   private:
    std::vector<float> values_;
  };

  bool CanNext() const {
    return !aborted_.ok() || finished_ || !ready_.empty();
  }

  const TileShape shape_;
  const float limit_;
  absl::Mutex mutex_;
  std::deque<std::vector<float>> ready_;
  bool finished_ = false;
  absl::Status aborted_;
};

class PuppetEngine final : public Engine {
 public:
  absl::StatusOr<ModelProbe> Probe(const Model&, const std::string&,
                                   const CancelToken&) override {
    return probe;
  }
  absl::StatusOr<std::unique_ptr<TileSession>> Open(
      const std::string&, const Model&, const std::string&, const ModelProbe&,
      const SessionOptions& options) override {
    PB_RETURN_IF_ERROR(open_error);
    opened = options;
    return std::make_unique<PuppetSession>(
        TileShape{1, options.tile, 2, options.tile}, 100.0F);
  }
  std::string device() const override { return "cpu"; }
  std::string runtime() const override { return "puppet 1.0"; }

  ModelProbe probe;
  absl::Status open_error;
  SessionOptions opened;
};

/// One band of uint8: column x has value x, capped; the first row is invalid.
class FakeScene final : public SceneReader {
 public:
  FakeScene(int64_t width, int64_t height) {
    grid_.width = width;
    grid_.height = height;
    grid_.epsg = 32631;
    grid_.geotransform = {500000, 10, 0, 4100000, 0, -10};
  }
  const Grid& grid() const override { return grid_; }
  int64_t width() const override { return grid_.width; }
  int64_t height() const override { return grid_.height; }
  int bands() const override { return 1; }
  SampleType type() const override { return SampleType::kUint8; }
  absl::Status Read(int64_t y, int rows, const StripBuffer& out) override {
    for (int r = 0; r < rows; ++r) {
      for (int64_t x = 0; x < grid_.width; ++x) {
        const int64_t at = r * grid_.width + x;
        static_cast<uint8_t*>(out.samples)[at] =
            static_cast<uint8_t>(std::min<int64_t>(x, 255));
        out.valid[at] = y + r > 0;
      }
    }
    return absl::OkStatus();
  }

 private:
  Grid grid_;
};

/// Writes the raw values to the path, at Finish.
class FakeWriter final : public RasterWriter {
 public:
  FakeWriter(int64_t width, RasterOptions options)
      : width_(width), options_(std::move(options)) {}
  absl::Status Write(int64_t, int rows, const void* values) override {
    const size_t sample = options_.classes.empty() ? 4 : 1;
    bytes_.append(static_cast<const char*>(values),
                  static_cast<size_t>(rows * width_ * options_.bands) * sample);
    return absl::OkStatus();
  }
  absl::Status Finish() override {
    std::ofstream(options_.path, std::ios::binary) << bytes_;
    return absl::OkStatus();
  }

 private:
  const int64_t width_;
  const RasterOptions options_;
  std::string bytes_;
};

/// Seams over a scene of this size; `scene` may be changed by the test.
inline RunnerSeams FakeSeams(int64_t width, int64_t height,
                             const Scene* scene) {
  RunnerSeams seams;
  seams.resolve = [scene](const ModelInput&, const std::vector<SceneReference>&,
                          const ExecuteRequest&,
                          const CancelToken&) -> absl::StatusOr<Scene> {
    return *scene;
  };
  seams.open =
      [width, height](
          const std::vector<RasterBand>&,
          const GridRequest&) -> absl::StatusOr<std::unique_ptr<SceneReader>> {
    return std::make_unique<FakeScene>(width, height);
  };
  seams.create = [](const Grid& grid, const RasterOptions& options)
      -> absl::StatusOr<std::unique_ptr<RasterWriter>> {
    return std::make_unique<FakeWriter>(grid.width, options);
  };
  return seams;
}

/// A model of one band and two classes that the puppet engine runs.
inline ModelRecord PuppetModel() {
  ModelRecord record;
  record.digest = std::string(64, 'd');
  record.process_id = "puppet";
  record.artifact_path = "/nowhere/puppet.pt";
  Model& model = record.model;
  model.id = "puppet";
  model.name = "Puppet";
  ModelInput input;
  input.name = "image";
  input.bands.resize(1);
  input.bands[0].name = "grey";
  input.shape = {-1, 1, -1, -1};
  input.dims = {"batch", "bands", "height", "width"};
  model.inputs = {input};
  ModelOutput output;
  output.name = "classes";
  output.dims = {"batch", "class", "height", "width"};
  output.shape = {-1, 2, -1, -1};
  output.classes.resize(2);
  output.classes[0].name = "dark";
  output.classes[1].name = "bright";
  output.classes[1].value = 1;
  output.channel_to_class = {0, 1};
  model.outputs = {output};
  ModelProbe probe;
  probe.runnable = true;
  probe.device = "cpu";
  probe.tile_sizes = {64};
  probe.output_channels = 2;
  probe.activation = "logits";
  probe.batch_size = 4;
  record.probe = probe;
  return record;
}

inline Job PuppetJob() {
  Job job;
  job.id = "11111111-2222-4333-8444-555555555555";
  job.process_id = "puppet";
  job.model_digest = std::string(64, 'd');
  SceneReference reference;
  reference.href = "https://data.example/scene.tif";
  job.request.scenes["image"] = {reference};
  return job;
}

inline Scene PuppetScene() {
  Scene scene;
  scene.bands.resize(1);
  scene.bands[0].name = "grey";
  scene.sources.resize(1);
  scene.sources[0].href = "https://data.example/scene.tif";
  scene.datetime = "2024-01-01T00:00:00Z";
  return scene;
}

}  // namespace pushbroom::testing
