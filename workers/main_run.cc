#include "workers/main_run.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "process-descriptions/artifact.h"
#include "process-descriptions/describe.h"
#include "process-descriptions/reader.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "workers/main_config.h"
#include "workers/main_run_files.h"
#include "workers/main_signals.h"
#include "workers/progress_bar.h"
#include "workers/raster/gated_vsi.h"
#include "workers/raster/raster_info.h"
#include "workers/run_checks.h"
#include "workers/run_inputs.h"
#include "workers/worker_app.h"

namespace pushbroom {
namespace {

constexpr int kFailed = 1, kUsage = 2, kNotRunnable = 3, kRefused = 4;

int Fail(int code, const absl::Status& status) {
  const std::string pointer = PointerOf(status);
  std::cerr << "pushbroom-worker: "
            << (pointer.empty() ? "" : absl::StrCat(pointer, ": "))
            << status.message() << "\n";
  return code;
}

void Print(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& d : diagnostics) {
    if (d.level == Severity::kInfo) continue;
    std::cerr << (d.level == Severity::kError ? "error: " : "warning: ")
              << (d.pointer.empty() ? "" : absl::StrCat(d.pointer, ": "))
              << d.text << " (" << d.code << ")\n";
  }
}

// Everything a job needs, for the time of one.
struct Bench {
  Config config;
  std::unique_ptr<UrlPolicy> model_policy, scene_policy;
  std::unique_ptr<HttpClient> model_client, scene_client;
  std::unique_ptr<ScratchDirectory> scratch;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<Engine> engine;
  ModelRecord model;
  Job job;
  CancelToken cancel;
};

absl::Status ReadArguments(const RunFlags& flags, Bench& bench) {
  PB_ASSIGN_OR_RETURN(bench.config,
                      LoadConfig(flags.config_file, ProcessEnvironment(), {}));
  InitWorkerLogging(bench.config);
  PB_RETURN_IF_ERROR(MakeDirectories(flags.output));
  UrlPolicyOptions urls = bench.config.inputs.urls;
  std::vector<SceneReference> scenes;
  for (const std::string& argument : flags.scenes) {
    PB_ASSIGN_OR_RETURN(scenes.emplace_back(), SceneFromArgument(argument));
    PB_RETURN_IF_ERROR(AllowScene(scenes.back(), urls));
  }
  PB_ASSIGN_OR_RETURN(UrlPolicy policy, UrlPolicy::Create(std::move(urls)));
  bench.scene_policy = std::make_unique<UrlPolicy>(std::move(policy));
  bench.scene_client = std::make_unique<HttpClient>(*bench.scene_policy);

  const Model& model = bench.model.model;
  PB_ASSIGN_OR_RETURN(const ModelInput* input, ImageryInput(model));
  std::vector<std::string> bands;
  for (const ModelBand& band : input->bands) bands.push_back(band.name);
  Job& job = bench.job;
  job.id = NewUuid();
  job.process_id = model.id;
  job.request.item_id = ToId(absl::StrCat(
      std::filesystem::path(flags.scenes[0]).stem().string(), "-", model.id));
  const auto ids = Describe(model, DescribeOptions()).imagery_inputs;
  if (ids.empty()) return absl::InternalError("the process has no imagery");
  job.request.scenes[ids[0]] = std::move(scenes);
  for (const std::string& text : flags.inputs) {
    PB_RETURN_IF_ERROR(ApplyInput(text, bands, job.request));
  }
  return absl::OkStatus();
}

absl::Status LoadModel(const RunFlags& flags, Bench& bench) {
  Model& model = bench.model.model;
  UrlPolicyOptions urls = bench.config.inputs.urls;
  // The item is the operator's: its own file may be anywhere.
  urls.file_roots.push_back("/");
  PB_ASSIGN_OR_RETURN(UrlPolicy policy, UrlPolicy::Create(std::move(urls)));
  bench.model_policy = std::make_unique<UrlPolicy>(std::move(policy));
  bench.model_client = std::make_unique<HttpClient>(*bench.model_policy);
  PB_ASSIGN_OR_RETURN(
      ScratchDirectory scratch,
      ScratchDirectory::Create(flags.output, ".pushbroom-run-"));
  bench.scratch = std::make_unique<ScratchDirectory>(std::move(scratch));
  ArtifactStore artifacts;
  artifacts.directory = bench.scratch->File("models");
  artifacts.max_bytes = bench.config.models.max_artifact_bytes;
  artifacts.require_checksum = bench.config.models.require_checksum;
  PB_ASSIGN_OR_RETURN(
      bench.model.artifact_path,
      FetchArtifact(model, artifacts, *bench.model_client, bench.cancel));
  PB_RETURN_IF_ERROR(CheckTorchScript(bench.model.artifact_path));
  bench.model.process_id = model.id;
  bench.model.digest = ModelDigest(model);
  PB_ASSIGN_OR_RETURN(bench.engine,
                      Engine::Create(EngineOptionsFor(bench.config)));
  PB_ASSIGN_OR_RETURN(
      bench.model.probe,
      bench.engine->Probe(model, bench.model.artifact_path, bench.cancel));
  Print(bench.model.probe->diagnostics);
  return CheckModelReady(bench.model);
}

// Ctrl-C stops the job between two tiles and lets files be removed; a second
// one ends the process.
absl::Status CancelOnSignals(const CancelToken& cancel) {
  PB_ASSIGN_OR_RETURN(const int signals, SignalPipe());
  std::thread([cancel, signals] {
    char number = 0;
    if (::read(signals, &number, 1) != 1) return;
    cancel.Cancel(absl::CancelledError("interrupted"));
    if (::read(signals, &number, 1) != 1) return;
    ::_exit(128 + number);
  }).detach();
  return absl::OkStatus();
}

absl::StatusOr<JobResult> RunJob(Bench& bench) {
  InitRaster();
  InstallGatedVsi(*bench.scene_client);
  // On the output's own disk, so that the result is moved and not copied.
  PB_ASSIGN_OR_RETURN(bench.storage,
                      OpenLocalStorage(bench.scratch->File("storage")));
  SceneResolver resolver(ResolverOptions{bench.config.inputs.max_item_bytes},
                         *bench.scene_client, nullptr);
  RunnerOptions options = RunnerOptionsFor(bench.config);
  options.memory_limit_bytes = bench.config.workers.memory_limit_bytes;
  options.public_url.clear();  // there is no server to ask
  options.collection.clear();
  JobRunner runner(std::move(options), *bench.engine, *bench.storage,
                   RealSeams(resolver), Clock::System());
  ProgressBar bar(std::cerr, Clock::System(), ::isatty(STDERR_FILENO) != 0);
  RunContext context;
  context.lease_token = "run";
  context.scratch_directory = bench.scratch->path();
  context.progress = [&bar](const Progress& p) { bar.Update(p); };
  context.cancel = bench.cancel;
  auto result = runner.Run(bench.job, bench.model, context);
  bar.Finish();
  return result;
}

void PrintTable(const Json& summary,
                const std::map<std::string, std::string>& paths) {
  const Json& classes = summary["classes"];
  std::cout << absl::StrFormat(
      "%d x %d pixels%s, %d tiles in %.1f s (%.2f tiles/s), peak %.0f MiB\n",
      summary["width"].get<int64_t>(), summary["height"].get<int64_t>(),
      summary["crs"] == "" ? std::string()
                           : absl::StrCat(", ", StringOr(summary, "crs")),
      summary["tiles"].get<int64_t>(), summary["seconds"].get<double>(),
      summary["tiles_per_second"].get<double>(),
      summary["peak_memory_bytes"].get<double>() / (1 << 20));
  for (const auto& [name, share] : classes.items()) {
    std::cout << absl::StrFormat("  %-24s %6.2f %%\n", name,
                                 100 * share.get<double>());
  }
  for (const Json& warning : summary["warnings"]) {
    std::cout << "warning: " << warning.get<std::string>() << "\n";
  }
  for (const auto& [name, path] : paths) {
    std::cout << name << ": " << path << "\n";
  }
}

void PrintJson(Json summary, const std::map<std::string, std::string>& paths) {
  summary["outputs"] = Json::object();
  for (const auto& [name, path] : paths) {
    if (name == kItemOutput) {
      summary["item"] = path;
    } else {
      summary["outputs"][name] = path;
    }
  }
  std::cout << DumpJson(summary, 2) << std::endl;
}

}  // namespace

int RunOnce(const RunFlags& flags) {
  Bench bench;
  if (const auto status = CancelOnSignals(bench.cancel); !status.ok()) {
    return Fail(kFailed, status);
  }
  auto model = ReadModelFile(flags.model_item);
  if (!model.ok()) return Fail(kRefused, model.status());
  bench.model.model = *std::move(model);
  const Model& item = bench.model.model;
  Print(item.diagnostics);
  if (HasErrors(item.diagnostics)) {
    return Fail(kRefused, absl::InvalidArgumentError(
                              absl::StrCat(flags.model_item, " is refused")));
  }
  const std::vector<Diagnostic> reasons = CheckRunnable(item);
  Print(reasons);
  if (HasErrors(reasons)) {
    return Fail(kNotRunnable, absl::UnimplementedError(absl::StrCat(
                                  flags.model_item, " cannot be run")));
  }
  if (const absl::Status status = ReadArguments(flags, bench); !status.ok()) {
    return Fail(kUsage, status);
  }
  if (const absl::Status status = LoadModel(flags, bench); !status.ok()) {
    return Fail(kNotRunnable, status);
  }
  const auto result = RunJob(bench);
  if (!result.ok()) return Fail(kFailed, result.status());
  const auto paths = DeliverInto(flags.output, *result, *bench.storage);
  if (!paths.ok()) return Fail(kFailed, paths.status());
  if (flags.json) {
    PrintJson(result->summary, *paths);
  } else {
    PrintTable(result->summary, *paths);
  }
  return 0;
}

}  // namespace pushbroom
