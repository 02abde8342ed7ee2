// The composition root of `pushbroom serve`: owns every object, in the order
// of dependence; everything else receives references.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "process-descriptions/catalog.h"
#include "service/api/api.h"
#include "service/catalog_keeper.h"
#include "service/core/config/config.h"
#include "service/core/httpd/ops_server.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/core/net/http_client.h"
#include "service/core/storage/file_tokens.h"
#include "service/core/storage/storage.h"
#include "service/core/telemetry/metrics.h"
#include "service/data_dir.h"
#include "service/files/files_server.h"
#include "service/housekeeper.h"
#include "service/http/pistache_server.h"
#include "service/publish/catalog_directory.h"
#include "service/publish/publisher.h"
#include "service/supervisor/supervisor.h"

namespace pushbroom {

/// Thread-safe.
class Server {
 public:
  /// Serves when this returns; models may still be registered, and /readyz of
  /// the ops port says so. Errors name what could not be had: a port, the data
  /// directory, the worker program.
  static absl::StatusOr<std::unique_ptr<Server>> Start(Config config);

  /// Stops if nobody did.
  ~Server();

  /// Drains and ends: no new requests, parked ones are answered, workers
  /// finish or release their jobs, the outbox is delivered once more. What is
  /// not done stays in the store. Call once.
  void Stop();

  /// Of the API, as clients see it.
  const std::string& url() const { return public_url_; }
  int port() const { return http_->port(); }
  int files_port() const { return files_->port(); }
  int ops_port() const { return ops_->port(); }

 private:
  explicit Server(Config config);

  // Start, in steps.
  absl::Status OpenData();
  absl::Status StartFiles();
  absl::Status StartApi();
  absl::Status StartOps();
  absl::Status StartBackground();
  absl::Status StartWorkers();

  absl::Status Ready() const;
  absl::StatusOr<FileTarget> ResolveFile(const std::string& path) const;
  void OnAccess(const HttpAccess& access);

  // Members are destroyed in the reverse order.
  Config config_;
  const Clock& clock_;
  std::unique_ptr<DataDir> data_;
  Metrics metrics_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<FileTokens> tokens_;
  std::unique_ptr<UrlPolicy> policy_;
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<CatalogKeeper> keeper_;
  std::unique_ptr<Housekeeper> housekeeper_;
  std::unique_ptr<CatalogDirectory> published_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<FilesServer> files_;
  std::string files_url_, public_url_;
  std::unique_ptr<api::Api> api_;
  // The port, and so the URLs in answers, are known only once it listens.
  std::atomic<api::Api*> handler_{nullptr};
  std::unique_ptr<PistacheServer> http_;
  std::unique_ptr<Supervisor> supervisor_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<OpsServer> ops_;
  bool stopped_ = false;
};

}  // namespace pushbroom
