#include "workers/job_runner.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/core/base/digest.h"
#include "service/core/base/status.h"
#include "workers/memory_plan.h"
#include "workers/process_memory.h"
#include "workers/run_checks.h"

namespace pushbroom {

/// What is known of the job so far.
struct JobRunner::Work {
  Work(const Job& j, const ModelRecord& m, const RunContext& c, absl::Time b)
      : job(j), model(m), context(c), begin(b) {}

  const Job& job;
  const ModelRecord& model;
  const RunContext& context;
  const absl::Time begin;
  std::string input_id;  // under which the client gave the scene
  const ModelInput* input = nullptr;
  RunSettings settings;
  ClassTable classes;
  Scene scene;
  std::unique_ptr<SceneReader> reader;
  bool probabilities = false;
  std::string classes_path, probabilities_path;
  PipelineReport report;
  std::vector<ResultAsset> assets;

  void Say(const std::string& message) const {
    Progress progress;
    progress.message = message;
    context.progress(progress);
  }
};

namespace {

bool Wants(const ExecuteRequest& request, absl::string_view output) {
  return !request.outputs || request.outputs->count(std::string(output)) > 0;
}

std::vector<ChannelRecipe> RecipesFor(const ModelInput& input,
                                      const Scene& scene) {
  std::vector<ChannelRecipe> recipes;
  for (size_t i = 0; i < scene.bands.size(); ++i) {
    ChannelRecipe recipe;
    recipe.scale = scene.bands[i].scale;
    recipe.offset = scene.bands[i].offset;
    if (i < input.scaling.size()) recipe.scaling = input.scaling[i];
    recipes.push_back(std::move(recipe));
  }
  return recipes;
}

std::vector<RasterClass> RasterClassesFor(const ClassTable& table) {
  std::vector<RasterClass> classes;
  for (const ResultClass& c : table.classes) {
    classes.push_back({c.value, c.title.empty() ? c.name : c.title, c.color[0],
                       c.color[1], c.color[2]});
  }
  return classes;
}

std::vector<std::string> ChannelNames(const ClassTable& table, int channels) {
  std::vector<std::string> names;
  for (int channel = 0; channel < channels; ++channel) {
    const auto index = static_cast<size_t>(channels == 1 ? 1 : channel);
    for (const ResultClass& c : table.classes) {
      if (c.value == table.channel_values[index]) names.push_back(c.name);
    }
  }
  return names;
}

OutputValue Stored(const ResultAsset& asset) {
  OutputValue output;
  output.key = asset.storage_key;
  output.media_type = kCogMediaType;
  output.size_bytes = asset.size_bytes;
  output.sha256 = asset.sha256;
  return output;
}

bool IsUrl(absl::string_view href) {
  return absl::StartsWith(href, "http://") ||
         absl::StartsWith(href, "https://");
}

// "libtorch 1.13.1" → {"libtorch": "1.13.1"}
void AddSoftware(const std::string& runtime,
                 std::map<std::string, std::string>& software) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(runtime, absl::MaxSplits(' ', 1));
  if (!parts.first.empty()) software[parts.first] = parts.second;
}

}  // namespace

JobRunner::JobRunner(RunnerOptions options, Engine& engine, Storage& storage,
                     RunnerSeams seams, const Clock& clock)
    : options_(std::move(options)),
      engine_(engine),
      storage_(storage),
      seams_(std::move(seams)),
      clock_(clock) {}

absl::StatusOr<JobResult> JobRunner::Run(const Job& job,
                                         const ModelRecord& model,
                                         const RunContext& context) {
  Work work(job, model, context, clock_.Now());
  PB_RETURN_IF_ERROR(CheckModelReady(model));
  PB_RETURN_IF_ERROR(OpenScene(work));
  PB_RETURN_IF_ERROR(context.cancel.status());
  PB_RETURN_IF_ERROR(Compute(work));
  PB_RETURN_IF_ERROR(context.cancel.status());
  PB_RETURN_IF_ERROR(Store(work));
  PB_RETURN_IF_ERROR(context.cancel.status());
  return Finish(work);
}

absl::Status JobRunner::OpenScene(Work& work) {
  const ExecuteRequest& request = work.job.request;
  const ModelProbe& probe = *work.model.probe;
  PB_ASSIGN_OR_RETURN(work.input, ImageryInput(work.model.model));
  if (request.scenes.size() != 1 || request.scenes.begin()->second.empty()) {
    return WithPointer(absl::InvalidArgumentError(absl::StrCat(
                           request.scenes.size(),
                           " imagery inputs are given, the model reads one")),
                       "/inputs");
  }
  work.input_id = request.scenes.begin()->first;
  const std::string pointer =
      absl::StrCat("/inputs/", PointerToken(work.input_id));
  PB_ASSIGN_OR_RETURN(
      work.classes,
      ClassTableFor(work.model.model.outputs.front(), probe.output_channels));
  work.Say("opening the scene");
  auto scene = seams_.resolve(*work.input, request.scenes.begin()->second,
                              request, work.context.cancel);
  if (!scene.ok()) return WithPointer(scene.status(), pointer);
  work.scene = *std::move(scene);

  std::vector<RasterBand> bands;
  for (const BandSource& source : work.scene.bands) {
    bands.push_back({source.location, source.band, source.nodata,
                     source.resampling == Resampling::kNearest});
  }
  GridRequest grid;
  grid.reference = work.scene.reference;
  grid.bbox = request.bbox;
  grid.resolution = request.resolution;
  grid.decimation = work.scene.decimation;
  grid.max_pixels = options_.max_pixels;
  auto reader = seams_.open(bands, grid);
  if (!reader.ok()) return WithPointer(reader.status(), pointer);
  work.reader = *std::move(reader);
  PB_ASSIGN_OR_RETURN(work.settings,
                      SettingsFor(request, probe, options_.defaults,
                                  work.reader->width(), work.reader->height()));
  work.probabilities =
      request.probabilities ||
      (request.outputs && request.outputs->count(kProbabilitiesOutput) > 0);

  MemoryFacts facts;
  facts.width = work.reader->width();
  facts.bands = work.reader->bands();
  facts.sample_bytes = static_cast<int>(SizeOf(work.reader->type()));
  facts.tile = work.settings.tile;
  facts.overlap = work.settings.overlap;
  facts.batch_size = work.settings.batch_size;
  facts.output_channels = probe.output_channels;
  facts.probabilities = work.probabilities;
  facts.model_bytes = probe.memory_bytes;
  const int64_t needed = PlannedMemoryBytes(facts);
  if (options_.memory_limit_bytes > 0 && needed > options_.memory_limit_bytes) {
    return WithPointer(
        absl::ResourceExhaustedError(absl::StrCat(
            "a scene ", facts.width, " pixels wide needs ", needed,
            " bytes of memory, the limit is ", options_.memory_limit_bytes)),
        pointer);
  }
  return absl::OkStatus();
}

absl::Status JobRunner::Compute(Work& work) {
  const ModelProbe& probe = *work.model.probe;
  work.Say("loading the model");
  SessionOptions session_options;
  session_options.tile = work.settings.tile;
  session_options.batch_size = work.settings.batch_size;
  PB_ASSIGN_OR_RETURN(
      const std::unique_ptr<TileSession> session,
      engine_.Open(work.model.digest, work.model.model,
                   work.model.artifact_path, probe, session_options));

  RasterOptions raster;
  raster.path = work.context.scratch_directory + "/classes.tif";
  raster.scratch_directory = work.context.scratch_directory;
  raster.classes = RasterClassesFor(work.classes);
  raster.band_names = {kClassesOutput};
  raster.nodata = work.classes.nodata;
  PB_ASSIGN_OR_RETURN(const std::unique_ptr<RasterWriter> classes,
                      seams_.create(work.reader->grid(), raster));
  work.classes_path = raster.path;

  std::unique_ptr<RasterWriter> probabilities;
  if (work.probabilities) {
    RasterOptions floats;
    floats.path = work.context.scratch_directory + "/probabilities.tif";
    floats.scratch_directory = work.context.scratch_directory;
    floats.bands = probe.output_channels;
    floats.band_names = ChannelNames(work.classes, probe.output_channels);
    floats.nodata = std::numeric_limits<double>::quiet_NaN();
    PB_ASSIGN_OR_RETURN(probabilities,
                        seams_.create(work.reader->grid(), floats));
    work.probabilities_path = floats.path;
  }

  PipelineOptions options;
  options.channels = RecipesFor(*work.input, work.scene);
  options.overlap = work.settings.overlap;
  options.class_values = work.classes.channel_values;
  options.nodata = work.classes.nodata;
  options.threshold = work.settings.threshold;
  options.outputs_are_probabilities = probe.activation == "probabilities";
  const auto progress = [&work](const PipelineProgress& p) {
    Progress said;
    said.tiles_done = p.tiles_done;
    said.tiles_planned = p.tiles_planned;
    // 100 is for the job that has a result.
    said.percent = static_cast<int>(
        p.tiles_planned > 0 ? 99 * p.tiles_done / p.tiles_planned : 0);
    said.message = "running the model";
    work.context.progress(said);
  };
  PB_ASSIGN_OR_RETURN(work.report, RunPipeline(options, *work.reader, *session,
                                               *classes, probabilities.get(),
                                               progress, work.context.cancel));
  work.Say("writing the result");
  PB_RETURN_IF_ERROR(classes->Finish());
  if (probabilities) PB_RETURN_IF_ERROR(probabilities->Finish());
  return absl::OkStatus();
}

absl::Status JobRunner::Store(Work& work) {
  PB_ASSIGN_OR_RETURN(ResultAsset classes,
                      StoreRaster(work, kClassesOutput, work.classes_path));
  work.assets.push_back(std::move(classes));
  if (!work.probabilities) return absl::OkStatus();
  PB_ASSIGN_OR_RETURN(
      ResultAsset probabilities,
      StoreRaster(work, kProbabilitiesOutput, work.probabilities_path));
  work.assets.push_back(std::move(probabilities));
  return absl::OkStatus();
}

absl::StatusOr<ResultAsset> JobRunner::StoreRaster(Work& work,
                                                   const std::string& output,
                                                   const std::string& path) {
  ResultAsset asset;
  asset.output = output;
  asset.storage_key =
      absl::StrCat(AttemptPrefix(work.job.id, work.context.lease_token), "/",
                   output, ".tif");
  PB_ASSIGN_OR_RETURN(asset.sha256, Sha256File(path));
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot stat ", path, ": ", error.message()));
  }
  asset.size_bytes = static_cast<int64_t>(size);
  // What was computed is right; only its keeping failed: worth another try.
  if (const auto put = storage_.PutFile(asset.storage_key, path); !put.ok()) {
    return absl::UnavailableError(
        absl::StrCat("cannot store ", asset.storage_key, ": ", put.message()));
  }
  return asset;
}

JobResult JobRunner::Finish(Work& work) {
  const Job& job = work.job;
  const Model& model = work.model.model;
  ItemFacts facts;
  facts.id = job.request.item_id.empty() ? job.id : job.request.item_id;
  facts.collection = job.request.collection.empty() ? options_.collection
                                                    : job.request.collection;
  facts.model = model;
  facts.model_digest = work.model.digest;
  // A path on the server means nothing to who reads the item: the process,
  // whose description points to the model, does.
  if (IsUrl(model.item_href) || options_.public_url.empty()) {
    facts.model_href = model.item_href;
    facts.model_href_type = "application/geo+json";
  } else {
    facts.model_href =
        absl::StrCat(options_.public_url, "/processes/", job.process_id);
    facts.model_href_type = "application/json";
  }
  facts.scene = work.scene;
  facts.grid = work.reader->grid();
  facts.classes = work.classes;
  facts.report = work.report;
  facts.parameters.tile = work.settings.tile;
  facts.parameters.overlap = work.settings.overlap;
  facts.parameters.batch_size = work.settings.batch_size;
  if (work.model.probe->output_channels == 1) {
    facts.parameters.threshold = work.settings.threshold;
  }
  facts.parameters.bbox = job.request.bbox;
  facts.parameters.resolution = job.request.resolution;
  facts.parameters.decimation = work.scene.decimation;
  facts.parameters.device = engine_.device();
  facts.assets = work.assets;
  facts.software = options_.software;
  AddSoftware(engine_.runtime(), facts.software);
  facts.processed = clock_.Now();
  facts.seconds = absl::ToDoubleSeconds(facts.processed - work.begin);
  if (!options_.public_url.empty()) {
    facts.job_id = job.id;
    facts.job_url = absl::StrCat(options_.public_url, "/jobs/", job.id);
  }
  facts.warnings = work.scene.warnings;
  if (work.report.valid_pixels == 0) {
    facts.warnings.push_back("the scene has no valid pixel on the grid");
  }

  JobResult result;
  result.item = StacItemFor(facts);
  result.collection = facts.collection;
  for (const ResultAsset& asset : work.assets) {
    if (Wants(job.request, asset.output)) {
      result.outputs[asset.output] = Stored(asset);
    }
  }
  if (Wants(job.request, kItemOutput)) {
    OutputValue& item = result.outputs[kItemOutput];
    item.value = result.item;
    item.media_type = "application/geo+json";
  }
  const double busy = absl::ToDoubleSeconds(work.report.elapsed);
  const auto run = static_cast<double>(work.report.tiles_run);
  result.summary = {
      {"tiles", work.report.tiles_run},
      {"tiles_skipped", work.report.tiles_skipped},
      {"seconds", facts.seconds},
      {"tiles_per_second", busy > 0 ? run / busy : 0.0},
      {"peak_memory_bytes", PeakMemoryBytes()},
      {"width", facts.grid.width},
      {"height", facts.grid.height},
      {"crs", facts.grid.epsg > 0 ? absl::StrCat("EPSG:", facts.grid.epsg)
                                  : std::string()},
      {"classes", ClassShares(work.classes, work.report)},
      {"warnings", result.item["properties"]["pushbroom:warnings"]}};
  return result;
}

}  // namespace pushbroom
