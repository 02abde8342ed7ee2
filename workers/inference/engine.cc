#include "workers/inference/engine.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <list>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "workers/inference/batcher.h"
#include "workers/inference/device.h"
#include "workers/inference/torch_model.h"

namespace pushbroom {
namespace {

// Tile sizes offered where height and width are free, beside the configured
// one: a chip of 64 pixels should not pay for 512.
constexpr int kSmallTiles[] = {64, 128, 256};
// The smallest size that every pyramid of up to six halvings accepts.
constexpr int kProbeSize = 64;
// A batch of more pixels than this buys nothing on a CPU.
constexpr int64_t kCpuBatchPixels = int64_t{8} * 256 * 256;

int64_t ResidentBytes() {
  auto status = ReadFile("/proc/self/statm");
  long pages = 0;
  if (!status.ok() || std::sscanf(status->c_str(), "%*d %ld", &pages) != 1) {
    return 0;
  }
  return int64_t{pages} * sysconf(_SC_PAGESIZE);
}

struct ResidentModel {
  std::string digest;
  std::unique_ptr<TorchModel> torch;
  int64_t memory_bytes = 0;
  // By tile size. Sessions keep their batcher alive.
  std::map<int, std::shared_ptr<Batcher>> batchers;
};

// A session that keeps its batcher: the model is not evicted under it.
class HeldSession final : public TileSession {
 public:
  HeldSession(std::shared_ptr<Batcher> batcher, int batch_size)
      : batcher_(std::move(batcher)), session_(batcher_->Open(batch_size)) {}
  const TileShape& shape() const override { return session_->shape(); }
  absl::StatusOr<TilePlace> Acquire() override { return session_->Acquire(); }
  void Submit(TilePlace place) override { session_->Submit(place); }
  void Finish() override { session_->Finish(); }
  absl::StatusOr<std::unique_ptr<TilePrediction>> Next() override {
    return session_->Next();
  }
  void Abort(absl::Status reason) override {
    session_->Abort(std::move(reason));
  }

 private:
  std::shared_ptr<Batcher> batcher_;
  std::unique_ptr<TileSession> session_;  // goes first
};

class TorchEngine final : public Engine {
 public:
  TorchEngine(const EngineOptions& options, Device device)
      : options_(options), device_(std::move(device)) {}

  std::string device() const override { return device_.name; }
  std::string runtime() const override { return RuntimeName(); }

  absl::StatusOr<ModelProbe> Probe(const Model& model,
                                   const std::string& artifact_path,
                                   const CancelToken& cancel) override {
    PrepareInferenceThread(device_.threads);
    absl::MutexLock turn(&turn_.mutex);
    ModelProbe probe;
    probe.device = device_.name;
    probe.runtime = RuntimeName();
    Diagnostics problems;
    auto torch = TorchModel::Load(model, artifact_path, device_);
    if (!torch.ok()) {
      problems.Error("artifact-not-loadable", "",
                     std::string(torch.status().message()));
    } else {
      PB_RETURN_IF_ERROR(cancel.status());
      PB_RETURN_IF_ERROR(Measure(model, **torch, cancel, problems, probe));
    }
    probe.runnable = !problems.has_errors();
    probe.diagnostics = problems.list();
    return probe;
  }

  absl::StatusOr<std::unique_ptr<TileSession>> Open(
      const std::string& digest, const Model& model,
      const std::string& artifact_path, const ModelProbe& probe,
      const SessionOptions& options) override {
    if (std::find(probe.tile_sizes.begin(), probe.tile_sizes.end(),
                  options.tile) == probe.tile_sizes.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tile size ", options.tile,
                       " is none of those the model was probed with: ",
                       absl::StrJoin(probe.tile_sizes, ", ")));
    }
    absl::MutexLock lock(&mutex_);
    PB_ASSIGN_OR_RETURN(ResidentModel * resident,
                        Resident(digest, model, artifact_path, probe));
    std::shared_ptr<Batcher>& batcher = resident->batchers[options.tile];
    if (batcher == nullptr) {
      TileShape shape;
      shape.channels = static_cast<int>(model.inputs[0].bands.size());
      shape.size = options.tile;
      shape.output_channels = probe.output_channels;
      shape.output_size = options.tile * probe.output_scale;
      const int batch_size = BatchSize(model, options.tile);
      const bool fixed = model.inputs[0].DimSize("batch") > 0;
      PB_RETURN_IF_ERROR(Warm(*resident->torch, fixed ? batch_size : 1,
                              batch_size, options.tile));
      batcher = std::make_shared<Batcher>(
          resident->torch->NewRunner(shape, batch_size), turn_,
          options_.max_delay, &PrepareInferenceThread, device_.threads);
    }
    return std::unique_ptr<TileSession>(
        std::make_unique<HeldSession>(batcher, options.batch_size));
  }

 private:
  // Of the model, capped by configuration; a batch size that the model fixes
  // is a constraint, not advice.
  int BatchSize(const Model& model, int tile) const {
    const int64_t fixed = model.inputs[0].DimSize("batch");
    if (fixed > 0) return static_cast<int>(fixed);
    int size = model.batch_size_suggestion > 0
                   ? model.batch_size_suggestion
                   : (device_.is_cpu ? options_.max_batch_cpu : 8);
    if (device_.is_cpu) {
      size = std::min(size, options_.max_batch_cpu);
      size = static_cast<int>(
          std::min<int64_t>(size, kCpuBatchPixels / (int64_t{tile} * tile)));
    } else {
      size = std::min(size, options_.max_batch);
    }
    return std::max(1, size);
  }

  // Every shape once, so that a compiler which specialises by shape does it
  // now and not under a job.
  absl::Status Warm(TorchModel& torch, int first, int batch_size, int tile) {
    PrepareInferenceThread(device_.threads);
    absl::MutexLock turn(&turn_.mutex);
    for (int rung = first;; rung *= 2) {
      const int size = std::min(rung, batch_size);
      PB_RETURN_IF_ERROR(torch.TryRun(size, tile).status());
      if (size == batch_size) return absl::OkStatus();
    }
  }

  // Tile sizes that height and width allow, ascending.
  std::vector<int> TileSizes(const Model& model, int multiple) const {
    const int64_t height = model.inputs[0].DimSize("height");
    const int64_t width = model.inputs[0].DimSize("width");
    if (height > 0 || width > 0) {
      return {static_cast<int>(height > 0 ? height : width)};
    }
    const int largest =
        std::max(multiple, options_.tile_size / multiple * multiple);
    std::vector<int> sizes;
    for (int size : kSmallTiles) {
      if (size % multiple == 0 && size < largest) sizes.push_back(size);
    }
    sizes.push_back(largest);
    return sizes;
  }

  absl::Status Measure(const Model& model, TorchModel& torch,
                       const CancelToken& cancel, Diagnostics& problems,
                       ModelProbe& probe) {
    const ModelInput& in = model.inputs[0];
    const int64_t height = in.DimSize("height"), width = in.DimSize("width");
    const bool fixed = height > 0 || width > 0;
    if (height > 0 && width > 0 && height != width) {
      problems.Error("tile-not-square", "",
                     absl::StrCat("the input is ", height, " × ", width,
                                  " pixels; only square tiles are served"));
      return absl::OkStatus();
    }
    const int size =
        fixed ? static_cast<int>(height > 0 ? height : width) : kProbeSize;
    const int batch =
        static_cast<int>(std::max<int64_t>(1, in.DimSize("batch")));
    auto first = torch.TryRun(batch, size);
    if (!first.ok()) {
      problems.Error("forward-failed", "",
                     absl::StrCat("a dummy batch of ", batch, " × ",
                                  in.bands.size(), " × ", size, " × ", size,
                                  " failed: ", first.status().message()));
      return absl::OkStatus();
    }
    CheckOutput(model, *first, size, problems);
    if (problems.has_errors()) return absl::OkStatus();
    probe.output_channels = first->channels;
    probe.output_scale = first->height / size;
    probe.activation =
        first->looks_like_probabilities ? "probabilities" : "logits";
    probe.size_multiple = fixed ? 1 : SizeMultiple(torch, batch);
    probe.tile_sizes = TileSizes(model, probe.size_multiple);
    PB_RETURN_IF_ERROR(cancel.status());

    const absl::Status prepared =
        torch.Prepare(TorchModel::Optimize::kDecide, size);
    if (!prepared.ok()) {
      problems.Info("not-frozen", "",
                    absl::StrCat("the module runs as it was loaded: ",
                                 prepared.message()));
    }
    probe.optimized = torch.optimized();
    PB_RETURN_IF_ERROR(cancel.status());

    const int tile = probe.tile_sizes.back();
    probe.batch_size = BatchSize(model, tile);
    const int64_t before = ResidentBytes();
    const absl::Time start = absl::Now();
    const auto full = torch.TryRun(probe.batch_size, tile);
    if (!full.ok()) {
      problems.Error(
          "forward-failed", "",
          absl::StrCat("a dummy batch of ", probe.batch_size, " tiles of ",
                       tile, " pixels failed: ", full.status().message()));
      return absl::OkStatus();
    }
    probe.seconds_per_tile =
        absl::ToDoubleSeconds(absl::Now() - start) / probe.batch_size;
    probe.memory_bytes = std::max<int64_t>(0, ResidentBytes() - before);
    return absl::OkStatus();
  }

  static void CheckOutput(const Model& model, const TorchModel::Shape& shape,
                          int size, Diagnostics& problems) {
    const ModelOutput& out = model.outputs[0];
    if (shape.height != size || shape.width != size) {
      problems.Error(
          "output-not-served", "/properties/mlm:output/0/result",
          absl::StrCat("the model turns ", size, " × ", size, " pixels into ",
                       shape.height, " × ", shape.width,
                       "; only results on the grid of the input are served"));
    }
    const int64_t declared =
        std::max(out.DimSize("class"), out.DimSize("bands"));
    if (declared > 0 && declared != shape.channels) {
      problems.Error("output-channels", "/properties/mlm:output/0/result/shape",
                     absl::StrCat("the model gives ", shape.channels,
                                  " channels, the item declares ", declared));
    }
    const auto expected = out.channel_to_class.size();
    if (!out.classes.empty() && shape.channels > 1 &&
        expected != static_cast<size_t>(shape.channels)) {
      problems.Error(
          "output-channels", "/properties/mlm:output/0/classification:classes",
          absl::StrCat("the model gives ", shape.channels,
                       " channels, the item names ", expected, " classes"));
    }
    if (shape.channels > 255) {
      problems.Error("output-not-served", "/properties/mlm:output/0/result",
                     absl::StrCat(shape.channels,
                                  " classes exceed the 255 of a class raster"));
    }
  }

  // The largest power of two that sizes must be a multiple of: the first step
  // beyond the probe size that still runs and keeps its size.
  static int SizeMultiple(TorchModel& torch, int batch) {
    for (int step = 1; step < kProbeSize; step *= 2) {
      const int size = kProbeSize + step;
      const auto shape = torch.TryRun(batch, size);
      if (shape.ok() && shape->height == size && shape->width == size) {
        return step;
      }
    }
    return kProbeSize;
  }

  absl::StatusOr<ResidentModel*> Resident(const std::string& digest,
                                          const Model& model,
                                          const std::string& artifact_path,
                                          const ModelProbe& probe)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto it = models_.begin(); it != models_.end(); ++it) {
      if (it->digest == digest) {
        models_.splice(models_.begin(), models_, it);  // used last
        return &models_.front();
      }
    }
    MakeRoom(probe.memory_bytes);
    PB_ASSIGN_OR_RETURN(auto torch,
                        TorchModel::Load(model, artifact_path, device_));
    const absl::Status prepared =
        torch->Prepare(probe.optimized ? TorchModel::Optimize::kYes
                                       : TorchModel::Optimize::kNo,
                       probe.tile_sizes.front());
    // kUnimplemented was found, and told of, when the model was probed.
    if (!prepared.ok() && prepared.code() != absl::StatusCode::kUnimplemented) {
      return prepared;
    }
    models_.push_front({digest, std::move(torch), probe.memory_bytes, {}});
    return &models_.front();
  }

  // Evicts models that nobody uses, the longest unused first.
  void MakeRoom(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (options_.memory_limit_bytes == 0) return;
    int64_t used = bytes;
    for (const ResidentModel& model : models_) used += model.memory_bytes;
    for (auto it = models_.end();
         it != models_.begin() && used > options_.memory_limit_bytes;) {
      --it;
      const bool idle = std::all_of(
          it->batchers.begin(), it->batchers.end(),
          [](const auto& entry) { return entry.second.use_count() == 1; });
      if (!idle) continue;
      used -= it->memory_bytes;
      it = models_.erase(it);
      EmptyDeviceCache(device_);
    }
  }

  const EngineOptions options_;
  const Device device_;
  DeviceTurn turn_;
  absl::Mutex mutex_;
  std::list<ResidentModel> models_ ABSL_GUARDED_BY(mutex_);  // used last first
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(
    const EngineOptions& options) {
  PB_ASSIGN_OR_RETURN(Device device,
                      FindDevice(options.device, options.threads));
  return std::unique_ptr<Engine>(
      std::make_unique<TorchEngine>(options, std::move(device)));
}

}  // namespace pushbroom
