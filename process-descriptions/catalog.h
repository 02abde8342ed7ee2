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
  std::string reason;               // why not available, for people
  std::string model_digest;         // empty for built-in processes
  std::string pool;                 // whose workers run it
  ProcessDescription description;
  std::vector<Diagnostic> diagnostics;  // of reading, fetching and probing
  Json item;                        // context for searches: bbox, times, …
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

  /// Registers one item that was read already. Gives the process id.
  absl::StatusOr<std::string> Register(Model model, const CancelToken& cancel);

  /// Reads the store again: probes may have finished elsewhere.
  absl::Status Refresh();

  /// In order of id. A snapshot.
  std::vector<std::shared_ptr<const ServedProcess>> List() const;
  /// nullptr if there is none.
  std::shared_ptr<const ServedProcess> Find(absl::string_view id) const;

  /// True once no process is being checked.
  bool settled() const;

 private:
  const CatalogOptions options_;
  JobStore& store_;
  HttpClient& client_;
  mutable absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<const ServedProcess>, std::less<>>
      processes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pushbroom
