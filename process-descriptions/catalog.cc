#include "process-descriptions/catalog.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "process-descriptions/reader.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

constexpr char kEchoId[] = "echo";
constexpr char kDuplicateCode[] = "duplicate-process-id";

// Files that may be model items, in the order of their names.
absl::StatusOr<std::vector<std::string>> CandidateFiles(
    const std::string& directory) {
  std::error_code error;
  std::vector<std::string> files;
  std::vector<fs::path> folders = {directory};
  const auto visit = [&](const fs::path& folder, bool descend) {
    for (fs::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code ignored;
      if (descend && it->is_directory(ignored)) folders.push_back(it->path());
      if (it->is_regular_file(ignored) && it->path().extension() == ".json") {
        files.push_back(it->path().string());
      }
    }
  };
  visit(directory, true);
  if (error) {
    return absl::NotFoundError(absl::StrCat("cannot read models directory ",
                                            directory, ": ", error.message()));
  }
  for (size_t i = 1; i < folders.size(); ++i) {
    visit(folders[i], false);
    if (error) {
      Log(LogLevel::kWarning, "a folder of models cannot be read",
          {{"path", folders[i].string()}, {"error", error.message()}});
      error.clear();
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Normalised(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  std::string text = (error ? fs::path(path) : absolute).lexically_normal();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool IsBelow(const std::string& path, const std::string& directory) {
  return absl::StartsWith(path, "/") &&
         absl::StartsWith(
             path, directory == "/" ? directory : absl::StrCat(directory, "/"));
}

std::string ReasonOf(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level == Severity::kError) texts.push_back(diagnostic.text);
  }
  return absl::StrJoin(texts, "; ");
}

void AddError(Model& model, std::string code, std::string pointer,
              const absl::Status& status) {
  model.diagnostics.push_back({Severity::kError, std::move(code),
                               std::move(pointer),
                               std::string(status.message())});
}

Json ContextOf(const Model& model) {
  Json item = {{"id", model.item_id},
               {"collection", model.collection},
               {"geometry", model.geometry},
               {"bbox", model.bbox},
               {"start_datetime", model.start_datetime},
               {"end_datetime", model.end_datetime},
               {"tasks", model.tasks},
               {"href", model.item_href}};
  return item;
}

}  // namespace

Catalog::Catalog(CatalogOptions options, JobStore& store, HttpClient& client)
    : options_(std::move(options)), store_(store), client_(client) {
  if (!options_.echo) return;
  auto echo = std::make_shared<ServedProcess>();
  echo->id = kEchoId;
  echo->state = ProcessState::kAvailable;
  echo->pool = options_.pool;
  echo->description = DescribeEcho();
  processes_[kEchoId] = {std::move(echo), ""};
}

absl::Status Catalog::RegisterDirectory(const std::string& directory,
                                        const CancelToken& cancel) {
  const std::string root = Normalised(directory);
  PB_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                      CandidateFiles(root));
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = files_.begin(); it != files_.end();) {
      it = IsBelow(it->second, root) ? files_.erase(it) : std::next(it);
    }
  }
  std::set<std::string> present;
  std::vector<std::pair<std::string, std::string>> refused;  // id, path
  for (const std::string& path : files) {
    PB_RETURN_IF_ERROR(cancel.status());
    const auto id = RegisterFile(path, cancel, refused);
    PB_RETURN_IF_ERROR(cancel.status());
    if (id.ok()) {
      present.insert(*id);
    } else {
      Log(LogLevel::kWarning, "a file of the models directory is not served",
          {{"path", path}, {"reason", std::string(id.status().message())}});
    }
  }
  for (const auto& [id, path] : refused) {
    PB_RETURN_IF_ERROR(NoteRefused(id, path));
  }
  PB_ASSIGN_OR_RETURN(const std::vector<ModelRecord> records,
                      store_.CurrentModels());
  for (const ModelRecord& record : records) {
    if (!IsBelow(record.model.item_href, root)) continue;
    if (present.count(record.process_id)) continue;
    Log(LogLevel::kInfo, "a model was retired: its item is gone",
        {{"process", record.process_id}, {"item", record.model.item_href}});
    const absl::Status retired = store_.RetireModel(record.process_id);
    if (!retired.ok() && !absl::IsNotFound(retired)) return retired;
  }
  return Refresh();
}

absl::StatusOr<std::string> Catalog::RegisterFile(
    const std::string& path, const CancelToken& cancel,
    std::vector<std::pair<std::string, std::string>>& refused) {
  PB_ASSIGN_OR_RETURN(Model model, ReadModelFile(path));
  // The reader may spell it otherwise; retiring compares paths.
  model.item_href = path;
  {
    absl::MutexLock lock(&mutex_);
    std::string& holder = files_[model.id];
    std::error_code error;
    if (!holder.empty() && holder != path && fs::exists(holder, error)) {
      refused.emplace_back(model.id, path);
      return absl::AlreadyExistsError(absl::StrCat(
          "the process id \"", model.id, "\" belongs to ", holder));
    }
    holder = path;
  }
  return Register(std::move(model), cancel);
}

absl::Status Catalog::NoteRefused(const std::string& id,
                                  const std::string& path) {
  absl::MutexLock refresh_lock(&refresh_mutex_);
  PB_ASSIGN_OR_RETURN(std::vector<ModelRecord> records, store_.CurrentModels());
  for (ModelRecord& record : records) {
    if (record.process_id != id) continue;
    record.model.diagnostics.push_back(
        {Severity::kWarning, kDuplicateCode, "/id",
         absl::StrCat("the item ", path, " has the same process id \"", id,
                      "\" and is not served")});
    return store_.PutModel(record);
  }
  return absl::OkStatus();
}

absl::Status Catalog::RetireOutside(
    const std::vector<std::string>& directories) {
  PB_ASSIGN_OR_RETURN(const std::vector<ModelRecord> records,
                      store_.CurrentModels());
  for (const ModelRecord& record : records) {
    const std::string& href = record.model.item_href;
    if (!absl::StartsWith(href, "/")) continue;
    const bool configured = std::any_of(
        directories.begin(), directories.end(),
        [&](const std::string& d) { return IsBelow(href, Normalised(d)); });
    if (configured) continue;
    Log(LogLevel::kInfo, "a model was retired: its directory is not configured",
        {{"process", record.process_id}, {"item", href}});
    const absl::Status retired = store_.RetireModel(record.process_id);
    if (!retired.ok() && !absl::IsNotFound(retired)) return retired;
  }
  return Refresh();
}

absl::StatusOr<std::string> Catalog::Check(Model& model,
                                           const CancelToken& cancel) {
  for (Diagnostic& found : CheckRunnable(model)) {
    model.diagnostics.push_back(std::move(found));
  }
  if (model.artifact.href.empty()) {
    // Nobody said so yet if the reader let it pass.
    if (!HasErrors(model.diagnostics)) {
      AddError(model, "artifact-missing", "/assets",
               absl::NotFoundError("the item names no model artifact"));
    }
    return std::string();
  }
  const std::string pointer =
      absl::StrCat("/assets/", PointerToken(model.artifact.asset_key));
  auto path = FetchArtifact(model, options_.artifacts, client_, cancel);
  PB_RETURN_IF_ERROR(cancel.status());
  if (!path.ok()) {
    AddError(model, "artifact-unavailable", pointer, path.status());
    return std::string();
  }
  if (const absl::Status kind = CheckTorchScript(*path); !kind.ok()) {
    AddError(model, "artifact-not-torchscript", pointer, kind);
  }
  return *path;
}

absl::StatusOr<std::string> Catalog::Register(Model model,
                                              const CancelToken& cancel) {
  if (!IsValidId(model.id)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", model.id, "\" is no valid process id"));
  }
  if (options_.echo && model.id == kEchoId) {
    return absl::AlreadyExistsError(
        "the process id \"echo\" belongs to the built-in process "
        "(models.echo)");
  }
  PB_ASSIGN_OR_RETURN(std::string artifact_path, Check(model, cancel));
  absl::MutexLock refresh_lock(&refresh_mutex_);
  ModelRecord record;
  record.digest = ModelDigest(model);
  record.process_id = model.id;
  record.model = std::move(model);
  if (!HasErrors(record.model.diagnostics)) {
    record.artifact_path = std::move(artifact_path);
  }
  PB_RETURN_IF_ERROR(store_.PutModel(record));
  PB_ASSIGN_OR_RETURN(record, store_.GetModel(record.digest));
  const std::string id = record.process_id;
  if (!HasErrors(record.model.diagnostics) &&
      !(record.probe && record.pool == options_.pool)) {
    const auto job = EnsureProbe(record, /*again=*/true);
    if (!job.ok()) {
      Log(LogLevel::kWarning, "a model waits for its probe job",
          {{"process", id}, {"reason", job.status().ToString()}});
    }
  }
  PB_ASSIGN_OR_RETURN(Entry entry, Serve(std::move(record)));
  absl::MutexLock lock(&mutex_);
  processes_[id] = std::move(entry);
  return id;
}

absl::StatusOr<Job> Catalog::EnsureProbe(const ModelRecord& record,
                                         bool again) {
  std::string known;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = probe_jobs_.find(record.digest);
    if (it != probe_jobs_.end()) known = it->second;
  }
  if (!known.empty() && !again) {
    auto job = store_.Get(known);
    if (job.ok() || !absl::IsNotFound(job.status())) return job;
  }
  Job probe;
  probe.kind = JobKind::kProbe;
  probe.process_id = record.process_id;
  probe.model_digest = record.digest;
  probe.pool = options_.pool;
  probe.listed = false;
  probe.priority = 0;
  // The key makes replicas, restarts and refreshes share one job.
  const std::string key =
      absl::StrCat("probe:", record.digest, ":", options_.pool);
  PB_ASSIGN_OR_RETURN(Job job, store_.Submit(probe, key));
  if (again && IsFinal(job.state)) {
    PB_RETURN_IF_ERROR(store_.Remove(job.id));
    PB_ASSIGN_OR_RETURN(job, store_.Submit(probe, key));
  }
  absl::MutexLock lock(&mutex_);
  probe_jobs_[record.digest] = job.id;
  return job;
}

absl::StatusOr<Catalog::Entry> Catalog::Serve(ModelRecord record) {
  auto served = std::make_shared<ServedProcess>();
  served->id = record.process_id;
  served->model_digest = record.digest;
  served->pool = options_.pool;
  const bool refused = HasErrors(record.model.diagnostics);
  const auto probed = [&] {
    return record.probe && record.pool == options_.pool;
  };
  std::optional<Job> job;
  if (!refused && !probed()) {
    auto submitted = EnsureProbe(record, /*again=*/false);
    if (submitted.ok()) {
      job = *std::move(submitted);
    } else if (!absl::IsResourceExhausted(submitted.status())) {
      return submitted.status();
    }
    if (job && job->state == JobState::kSuccessful) {
      // It may have ended since the record was read.
      PB_ASSIGN_OR_RETURN(record, store_.GetModel(record.digest));
    }
  }
  served->diagnostics = record.model.diagnostics;
  if (refused) {
    served->reason = ReasonOf(served->diagnostics);
  } else if (probed()) {
    const auto& found = record.probe->diagnostics;
    served->diagnostics.insert(served->diagnostics.end(), found.begin(),
                               found.end());
    if (record.probe->runnable) {
      served->state = ProcessState::kAvailable;
    } else {
      served->reason = ReasonOf(found);
      if (served->reason.empty()) served->reason = "the model did not run";
    }
  } else if (job && job->state == JobState::kFailed) {
    const absl::Status status =
        job->error ? ToStatus(*job->error)
                   : absl::InternalError("the job gives no reason");
    served->reason =
        absl::StrCat("the model could not be checked: ", status.message());
    served->diagnostics.push_back(
        {Severity::kError, "probe-failed", "", served->reason});
  } else if (job && IsFinal(job->state)) {
    served->reason = "the check of the model ended without a result";
    served->diagnostics.push_back(
        {Severity::kError, "probe-failed", "", served->reason});
  } else {
    served->state = ProcessState::kChecking;
    served->reason = "a worker is checking the model";
  }
  Entry entry;
  entry.source =
      absl::StrCat(record.digest, "\n", record.model.item_href, "\n",
                   static_cast<int>(served->state), "\n", served->reason, "\n",
                   DumpJson(ToJson(served->diagnostics)));
  {
    absl::MutexLock lock(&mutex_);
    const auto it = processes_.find(served->id);
    if (it != processes_.end() && it->second.source == entry.source) {
      return it->second;
    }
  }
  served->description = Describe(record.model, options_.describe);
  served->item = ContextOf(record.model);
  entry.process = std::move(served);
  return entry;
}

absl::Status Catalog::Refresh() {
  absl::MutexLock refresh_lock(&refresh_mutex_);
  PB_ASSIGN_OR_RETURN(std::vector<ModelRecord> records, store_.CurrentModels());
  std::map<std::string, Entry, std::less<>> processes;
  for (ModelRecord& record : records) {
    const std::string id = record.process_id;
    if (options_.echo && id == kEchoId) continue;  // of another configuration
    PB_ASSIGN_OR_RETURN(processes[id], Serve(std::move(record)));
  }
  absl::MutexLock lock(&mutex_);
  if (options_.echo) processes[kEchoId] = processes_[kEchoId];
  processes_ = std::move(processes);
  return absl::OkStatus();
}

std::vector<std::shared_ptr<const ServedProcess>> Catalog::List() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<const ServedProcess>> list;
  list.reserve(processes_.size());
  for (const auto& [id, entry] : processes_) list.push_back(entry.process);
  return list;
}

std::shared_ptr<const ServedProcess> Catalog::Find(absl::string_view id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = processes_.find(id);
  return it == processes_.end() ? nullptr : it->second.process;
}

bool Catalog::settled() const {
  absl::MutexLock lock(&mutex_);
  return std::none_of(
      processes_.begin(), processes_.end(), [](const auto& entry) {
        return entry.second.process->state == ProcessState::kChecking;
      });
}

}  // namespace pushbroom
