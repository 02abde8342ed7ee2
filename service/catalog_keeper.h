// Fills the catalogue of models when the service starts, and keeps it true.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "process-descriptions/catalog.h"
#include "service/core/base/cancellation.h"
#include "service/core/jobs/wakeup.h"

namespace pushbroom {

struct CatalogKeeperOptions {
  std::vector<std::string> directories;
  // Between looks at the store while a model is checked, and after.
  absl::Duration poll_checking = absl::Seconds(1);
  absl::Duration poll_settled = absl::Seconds(10);
};

/// Thread-safe.
class CatalogKeeper {
 public:
  /// Both must outlive it.
  CatalogKeeper(CatalogKeeperOptions options, Catalog& catalog, Wakeup& wakeup);
  ~CatalogKeeper();

  /// Registers the directories in a thread of its own: artifacts may take long
  /// to fetch. A directory that cannot be read is logged, and stays in
  /// problems().
  absl::Status Start();
  void Stop();

  /// True once every directory was registered and no model is being checked.
  bool settled() const;
  std::vector<std::string> problems() const;

 private:
  void Loop();
  void RegisterAll();

  const CatalogKeeperOptions options_;
  Catalog& catalog_;
  Wakeup& wakeup_;
  const CancelToken stop_;
  mutable absl::Mutex mutex_;
  bool registered_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::string> problems_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HintReceiver> hints_;
  std::thread thread_;
};

}  // namespace pushbroom
