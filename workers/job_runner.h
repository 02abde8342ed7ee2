// One job over one model: scene → tiles → rasters in storage → the item that
// names them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/job.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/storage/storage.h"
#include "workers/inference/engine.h"
#include "workers/inputs/scene.h"
#include "workers/raster/raster_writer.h"
#include "workers/raster/scene_reader.h"
#include "workers/results/stac_item.h"
#include "workers/run_context.h"
#include "workers/run_settings.h"

namespace pushbroom {

class SceneResolver;

/// Where pixels come from and go to; RealSeams, but in tests.
struct RunnerSeams {
  std::function<absl::StatusOr<Scene>(
      const ModelInput&, const std::vector<SceneReference>&,
      const ExecuteRequest&, const CancelToken&)>
      resolve;
  std::function<absl::StatusOr<std::unique_ptr<SceneReader>>(
      const std::vector<RasterBand>&, const GridRequest&)>
      open;
  std::function<absl::StatusOr<std::unique_ptr<RasterWriter>>(
      const Grid&, const RasterOptions&)>
      create;
};

/// SceneResolver, SceneReader and RasterWriter; `resolver` must outlive what is
/// made with them.
RunnerSeams RealSeams(SceneResolver& resolver);

struct RunnerOptions {
  RunDefaults defaults;
  int64_t max_pixels = int64_t{1} << 36;  // of the target grid
  int64_t memory_limit_bytes = 0;         // of one job; 0: none
  std::string collection;                 // where the request names none
  std::string public_url;                 // of the service; empty: no links
  // Name → version, as the item tells: ours and the libraries'.
  std::map<std::string, std::string> software;
};

/// Thread-safe; jobs may run at the same time.
class JobRunner {
 public:
  /// The references must outlive it.
  JobRunner(RunnerOptions options, Engine& engine, Storage& storage,
            RunnerSeams seams, const Clock& clock);

  /// Runs the whole job. On success every object of the result is in storage
  /// below AttemptPrefix; on failure some may be, and the caller removes them.
  /// Errors carry the pointer of the input they speak of, where there is one;
  /// the token's reason if it was cancelled.
  absl::StatusOr<JobResult> Run(const Job& job, const ModelRecord& model,
                                const RunContext& context);

 private:
  struct Work;
  absl::Status OpenScene(Work& work);
  absl::Status Compute(Work& work);
  absl::Status Store(Work& work);
  absl::StatusOr<ResultAsset> StoreRaster(Work& work, const std::string& output,
                                          const std::string& path);
  JobResult Finish(Work& work);

  const RunnerOptions options_;
  Engine& engine_;
  Storage& storage_;
  const RunnerSeams seams_;
  const Clock& clock_;
};

}  // namespace pushbroom
