#include "workers/worker_app.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_job_store.h"
#include "workers/inference/device.h"
#include "workers/raster/gated_vsi.h"
#include "workers/raster/raster_info.h"
#include "workers/raster/raster_library.h"

namespace pushbroom {
namespace {

// EX_SOFTWARE of sysexits.h: the supervisor tells it from a signal.
constexpr int kExitStuck = 70;

std::string PublicUrl(const Config& config) {
  if (!config.http.public_url.empty()) return config.http.public_url;
  // A port that is not known yet makes no link.
  if (config.http.port == 0) return "";
  return absl::StrCat("http://", config.http.bind, ":", config.http.port);
}

WorkerOptions WorkerOptionsFor(const Config& config,
                               const std::string& worker_id,
                               const std::string& scratch) {
  WorkerOptions options;
  options.id = worker_id;
  options.pool = config.workers.pool;
  options.jobs = config.workers.jobs;
  options.scratch_directory = scratch;
  options.poll_interval = config.jobs.poll_interval;
  options.heart.lease = config.jobs.lease;
  return options;
}

}  // namespace

EngineOptions EngineOptionsFor(const Config& config) {
  EngineOptions options;
  options.device = config.workers.device;
  options.threads = config.workers.threads;
  if (options.threads == 0) {
    options.threads =
        std::max(1, AvailableCores() / std::max(1, config.workers.count));
  }
  options.max_batch_cpu = config.workers.max_batch_cpu;
  options.max_batch = config.workers.max_batch;
  options.tile_size = config.workers.tile_size;
  options.memory_limit_bytes = config.workers.memory_limit_bytes;
  options.max_delay = config.workers.max_delay;
  return options;
}

RunnerOptions RunnerOptionsFor(const Config& config) {
  RunnerOptions options;
  options.defaults.overlap = config.workers.overlap;
  options.max_pixels = config.inputs.max_pixels;
  options.memory_limit_bytes =
      config.workers.memory_limit_bytes / std::max(1, config.workers.jobs);
  options.collection = config.publish.collection;
  options.public_url = PublicUrl(config);
  options.software["pushbroom"] = PUSHBROOM_VERSION;
  const std::pair<std::string, std::string> raster =
      absl::StrSplit(RasterLibrary(), absl::MaxSplits(' ', 1));
  options.software[raster.first] = raster.second;
  return options;
}

WorkerApp::WorkerApp(const Config& config)
    : config_(config), layout_(config.data_dir) {}

WorkerApp::~WorkerApp() { RemoveScratch(); }

void WorkerApp::RemoveScratch() {
  std::error_code error;
  std::filesystem::remove_all(scratch_, error);
}

void WorkerApp::Abandon() {
  worker_->Abandon();
  // The process is about to end without its destructors.
  RemoveScratch();
}

absl::StatusOr<std::unique_ptr<WorkerApp>> WorkerApp::Create(
    const Config& config, const std::string& worker_id, int ops_port) {
  if (!IsValidId(worker_id)) {
    return absl::InvalidArgumentError(
        absl::StrCat("worker id \"", worker_id, "\" is no valid id"));
  }
  std::unique_ptr<WorkerApp> app(new WorkerApp(config));
  PB_RETURN_IF_ERROR(app->Open(worker_id, ops_port));
  return app;
}

absl::Status WorkerApp::Open(const std::string& worker_id, int ops_port) {
  scratch_ = absl::StrCat(layout_.scratch, "/", worker_id);
  RemoveScratch();
  PB_RETURN_IF_ERROR(MakeDirectories(scratch_));

  PB_ASSIGN_OR_RETURN(UrlPolicy policy, UrlPolicy::Create(config_.inputs.urls));
  policy_ = std::make_unique<UrlPolicy>(std::move(policy));
  client_ = std::make_unique<HttpClient>(*policy_);
  InitRaster();
  InstallGatedVsi(*client_);

  JobStore::Options store;
  store.max_queued = config_.jobs.max_queued;
  store.max_crashes = config_.jobs.max_crashes;
  PB_ASSIGN_OR_RETURN(
      store_, OpenSqliteJobStore(layout_.jobs_file, store, Clock::System()));
  PB_ASSIGN_OR_RETURN(wakeup_, NewSocketWakeup(layout_.hints));
  PB_ASSIGN_OR_RETURN(storage_, OpenLocalStorage(layout_.storage));
  PB_ASSIGN_OR_RETURN(engine_, Engine::Create(EngineOptionsFor(config_)));

  ResolverOptions resolver;
  resolver.max_item_bytes = config_.inputs.max_item_bytes;
  resolver_ =
      std::make_unique<SceneResolver>(resolver, *client_, storage_.get());
  runner_ = std::make_unique<JobRunner>(RunnerOptionsFor(config_), *engine_,
                                        *storage_, RealSeams(*resolver_),
                                        Clock::System());
  dispatcher_ = std::make_unique<Dispatcher>(config_.workers.pool, *store_,
                                             *engine_, *runner_);
  worker_ = std::make_unique<Worker>(
      WorkerOptionsFor(config_, worker_id, scratch_), *store_, *wakeup_,
      *storage_,
      [this](const Job& job, const RunContext& context) {
        return dispatcher_->Run(job, context);
      },
      [this] {
        RemoveScratch();
        ::_exit(kExitStuck);
      });
  worker_->set_on_outcome(
      [this](const AttemptOutcome& outcome) { Count(outcome); });

  OpsServer::Options ops;
  ops.bind = config_.http.bind;
  ops.port = ops_port;
  ops.ready.push_back({"claiming", [this] {
                         return worker_->claiming()
                                    ? absl::OkStatus()
                                    : absl::UnavailableError("draining");
                       }});
  PB_ASSIGN_OR_RETURN(ops_, OpsServer::Start(std::move(ops), metrics_));
  metrics_.Set(Gauge::kBuildInfo, {PUSHBROOM_VERSION}, 1);
  Log(LogLevel::kInfo, "worker ready",
      {{"worker", worker_id},
       {"pool", config_.workers.pool},
       {"device", engine_->device()},
       {"runtime", engine_->runtime()},
       {"ops_port", absl::StrCat(ops_->port())}});
  return absl::OkStatus();
}

void WorkerApp::Count(const AttemptOutcome& outcome) {
  const Job& job = outcome.job;
  if (job.kind == JobKind::kProbe) return;
  metrics_.Observe(Histogram::kJobQueued, {job.pool},
                   absl::ToDoubleSeconds(outcome.waited));
  // Attempts that end in no final state are not jobs that ended.
  if (outcome.outcome == "successful" || outcome.outcome == "failed" ||
      outcome.outcome == "dismissed") {
    metrics_.Add(Counter::kJobsFinished, {job.process_id, outcome.outcome});
    metrics_.Observe(Histogram::kJobRun, {job.process_id, outcome.outcome},
                     absl::ToDoubleSeconds(outcome.took));
  }
  if (outcome.result == nullptr) return;
  const Json& summary = outcome.result->summary;
  const auto number = [&summary](const char* name) {
    const Json* value = Find(summary, name);
    return value && value->is_number() ? value->get<double>() : 0.0;
  };
  metrics_.Add(Counter::kTiles, {job.process_id, "run"}, number("tiles"));
  metrics_.Add(Counter::kTiles, {job.process_id, "skipped"},
               number("tiles_skipped"));
  metrics_.Add(Counter::kPixels, {job.process_id},
               number("width") * number("height"));
}

}  // namespace pushbroom
