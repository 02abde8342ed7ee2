// The models being served. The store's table is the truth, so that replicas
// agree; this is its reading, and the registration that fills it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "process-descriptions/artifact.h"
#include "process-descriptions/describe.h"
#include "service/core/jobs/job_store.h"

namespace pushbroom {

/// kChecking: a worker is loading it for the first time.
enum class ProcessState { kAvailable, kChecking, kUnavailable };

/// One process as it stands now. Immutable.
struct ServedProcess {
  std::string id;
  ProcessState state = ProcessState::kUnavailable;
  std::string reason;        // why not available, for people
  std::string model_digest;  // empty for built-in processes
  std::string pool;          // whose workers run it
  ProcessDescription description;
  std::vector<Diagnostic> diagnostics;  // of reading, fetching and probing
  Json item;  // context for searches: bbox, times, …
};

struct CatalogOptions {
  bool echo = true;
  std::string pool = "default";
  DescribeOptions describe;
  ArtifactStore artifacts;
};

/// Thread-safe.
class Catalog {
 public:
  /// `store` and `client` must outlive the catalog.
  Catalog(CatalogOptions options, JobStore& store, HttpClient& client);

  /// Reads every *.json below `directory` (one level of subdirectories) that
  /// is a model item and registers it: read → check → fetch and verify →
  /// sniff → record → probe job unless this digest was probed before. Never
  /// fails for one bad item: it is listed with its diagnostics. Items that
  /// vanished from the directory since the last time are retired.
  /// kNotFound if the directory cannot be read.
  absl::Status RegisterDirectory(const std::string& directory,
                                 const CancelToken& cancel);

  /// Retires every model whose item was read from a local file that is below
  /// none of `directories`: its directory is not configured any more.
  absl::Status RetireOutside(const std::vector<std::string>& directories);

  /// Registers one item that was read already. Gives the process id. Models
  /// that cannot run are registered with their diagnostics and no probe.
  /// kAlreadyExists if a built-in process has the id.
  absl::StatusOr<std::string> Register(Model model, const CancelToken& cancel);

  /// Reads the store again: probes may have finished elsewhere. A model whose
  /// probe job is missing gets one.
  absl::Status Refresh();

  /// In order of id. A snapshot.
  std::vector<std::shared_ptr<const ServedProcess>> List() const;
  /// nullptr if there is none.
  std::shared_ptr<const ServedProcess> Find(absl::string_view id) const;

  /// True once no process is being checked.
  bool settled() const;

 private:
  struct Entry {
    std::shared_ptr<const ServedProcess> process;
    std::string source;  // what `process` was made of; equal: still current
  };

  // Every step that looks at the model alone; problems become diagnostics.
  // Gives the path of the verified artifact, or "".
  absl::StatusOr<std::string> Check(Model& model, const CancelToken& cancel);
  // The probe job of a record; submitted if there is none. With `again`, one
  // that ended without a probe is replaced.
  absl::StatusOr<Job> EnsureProbe(const ModelRecord& record, bool again);
  absl::StatusOr<Entry> Serve(ModelRecord record);
  // Registers the item of one file. If another file has its process id,
  // kAlreadyExists, and (id, path) is added to `refused`.
  absl::StatusOr<std::string> RegisterFile(
      const std::string& path, const CancelToken& cancel,
      std::vector<std::pair<std::string, std::string>>& refused);
  absl::Status NoteRefused(const std::string& id, const std::string& path);

  const CatalogOptions options_;
  JobStore& store_;
  HttpClient& client_;
  absl::Mutex refresh_mutex_;  // one Refresh at a time: the last one is right
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> processes_ ABSL_GUARDED_BY(mutex_);
  // Digest → id of its probe job.
  std::map<std::string, std::string> probe_jobs_ ABSL_GUARDED_BY(mutex_);
  // Process id → the file that was registered under it, by this catalog.
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pushbroom
