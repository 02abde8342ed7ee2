#include "service/server.h"

#include <unistd.h>

#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/core/base/files.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "service/core/jobs/sqlite_job_store.h"
#include "service/publish/callback_delivery.h"
#include "service/publish/item_delivery.h"

namespace pushbroom {
namespace {

// How long requests in hand may take to be answered when the service ends.
constexpr absl::Duration kHttpDrain = absl::Seconds(10);
// A store that was not seen to work for so long makes the service unready.
constexpr absl::Duration kStoreSilence = absl::Seconds(30);

// How people on this machine reach a port that is bound to `bind`.
std::string UrlOf(const std::string& configured, const std::string& bind,
                  int port) {
  if (!configured.empty()) {
    return std::string(absl::StripSuffix(configured, "/"));
  }
  std::string host = bind;
  if (host == "0.0.0.0" || host == "::") host = "localhost";
  if (absl::StrContains(host, ':')) host = absl::StrCat("[", host, "]");
  return absl::StrCat("http://", host, ":", port);
}

}  // namespace

Server::Server(Config config)
    : config_(std::move(config)), clock_(Clock::System()) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Config config) {
  std::unique_ptr<Server> server(new Server(std::move(config)));
  PB_RETURN_IF_ERROR(server->OpenData());
  PB_RETURN_IF_ERROR(server->StartFiles());
  PB_RETURN_IF_ERROR(server->StartApi());
  PB_RETURN_IF_ERROR(server->StartOps());
  PB_RETURN_IF_ERROR(server->StartBackground());
  PB_RETURN_IF_ERROR(server->StartWorkers());
  const Json addresses = {
      {"pid", ::getpid()},
      {"url", server->public_url_},
      {"files_url", server->files_url_},
      {"ops_url", UrlOf("", server->config_.http.bind, server->ops_->port())}};
  PB_RETURN_IF_ERROR(WriteFileAtomically(server->data_->layout().service_file,
                                         DumpJson(addresses, 2) + "\n"));
  Log(LogLevel::kInfo, "serving",
      {{"url", server->public_url_},
       {"files_url", server->files_url_},
       {"ops_port", absl::StrCat(server->ops_->port())},
       {"data_dir", server->data_->layout().root}});
  return server;
}

absl::Status Server::OpenData() {
  PB_ASSIGN_OR_RETURN(data_, DataDir::Open(config_.data_dir));
  const DataLayout& layout = data_->layout();
  config_.data_dir = layout.root;  // absolute, as workers are told
  JobStore::Options store;
  store.max_queued = config_.jobs.max_queued;
  store.max_crashes = config_.jobs.max_crashes;
  PB_ASSIGN_OR_RETURN(store_,
                      OpenSqliteJobStore(layout.jobs_file, store, clock_));
  PB_ASSIGN_OR_RETURN(wakeup_, NewSocketWakeup(layout.hints));
  PB_ASSIGN_OR_RETURN(storage_, OpenLocalStorage(layout.storage));
  PB_ASSIGN_OR_RETURN(FileTokens tokens,
                      FileTokens::OpenSecret(layout.secret_file, clock_));
  tokens_ = std::make_unique<FileTokens>(std::move(tokens));
  PB_ASSIGN_OR_RETURN(UrlPolicy policy, UrlPolicy::Create(config_.inputs.urls));
  policy_ = std::make_unique<UrlPolicy>(std::move(policy));
  client_ = std::make_unique<HttpClient>(*policy_);

  CatalogOptions catalog;
  catalog.echo = config_.models.echo;
  catalog.pool = config_.workers.pool;
  catalog.describe.overlap = config_.workers.overlap;
  catalog.describe.max_batch_size = config_.workers.max_batch;
  catalog.describe.collection = config_.publish.collection;
  catalog.artifacts.directory = layout.models;
  catalog.artifacts.max_bytes = config_.models.max_artifact_bytes;
  catalog.artifacts.require_checksum = config_.models.require_checksum;
  catalog_ = std::make_unique<Catalog>(catalog, *store_, *client_);
  return absl::OkStatus();
}

absl::Status Server::StartFiles() {
  FilesServer::Options options;
  options.bind = config_.http.bind;
  options.port = config_.http.files_port;
  options.uploads = config_.http.max_upload_bytes > 0;
  options.max_upload_bytes = config_.http.max_upload_bytes;
  options.scratch_directory = absl::StrCat(data_->layout().scratch, "/uploads");
  PB_ASSIGN_OR_RETURN(
      files_,
      FilesServer::Start(
          std::move(options), {*storage_, *tokens_, metrics_},
          [this](const std::string& path) { return ResolveFile(path); }));
  files_url_ =
      UrlOf(config_.http.files_public_url, config_.http.bind, files_->port());
  return absl::OkStatus();
}

absl::StatusOr<FileTarget> Server::ResolveFile(const std::string& path) const {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() != 4 || !parts[0].empty() || parts[1] != "results") {
    return absl::NotFoundError(absl::StrCat("there is no ", path));
  }
  PB_ASSIGN_OR_RETURN(const Job job, store_->Get(parts[2]));
  if (!job.result) {
    return absl::NotFoundError(absl::StrCat("job ", job.id, " has no result"));
  }
  const auto output = job.result->outputs.find(parts[3]);
  if (output == job.result->outputs.end() || output->second.key.empty()) {
    return absl::NotFoundError(
        absl::StrCat("job ", job.id, " has no file \"", parts[3], "\""));
  }
  const auto local = storage_->LocalPath(output->second.key);
  if (!local) {
    return absl::NotFoundError("results are not served from this machine");
  }
  FileTarget target;
  target.local_path = *local;
  target.media_type = output->second.media_type;
  target.file_name = absl::StrCat(
      job.process_id, "-", parts[3],
      std::filesystem::path(output->second.key).extension().string());
  return target;
}

absl::Status Server::StartApi() {
  HttpServerOptions options;
  options.bind = config_.http.bind;
  options.port = config_.http.port;
  options.threads = config_.http.threads;
  options.max_body_bytes = config_.http.max_body_bytes;
  options.connection_timeout = config_.jobs.sync_max_wait + absl::Seconds(35);
  options.parking.poll = config_.jobs.poll_interval;
  PB_ASSIGN_OR_RETURN(
      http_, PistacheServer::Start(
                 options,
                 [this](const api::Request& request) -> api::Answer {
                   if (api::Api* api = handler_.load())
                     return api->Handle(request);
                   api::Response starting;
                   starting.status = 503;
                   starting.headers = {{"Retry-After", "1"}};
                   return starting;
                 },
                 [this](const HttpAccess& access) { OnAccess(access); },
                 *store_, *wakeup_, clock_));
  public_url_ =
      UrlOf(config_.http.public_url, config_.http.bind, http_->port());

  api::Options api;
  api.public_url = public_url_;
  api.files_url = files_url_;
  api.sync_max_wait = config_.jobs.sync_max_wait;
  api.max_attempts = config_.jobs.max_attempts;
  api.job_deadline = config_.jobs.deadline;
  api.max_body_bytes = config_.http.max_body_bytes;
  api_ = std::make_unique<api::Api>(
      api, api::Dependencies{*catalog_, *store_, *wakeup_, *storage_, *tokens_,
                             *policy_, clock_});
  handler_ = api_.get();
  return absl::OkStatus();
}

void Server::OnAccess(const HttpAccess& access) {
  const std::map<api::Method, const char*> names = {
      {api::Method::kGet, "GET"},       {api::Method::kHead, "HEAD"},
      {api::Method::kPost, "POST"},     {api::Method::kPut, "PUT"},
      {api::Method::kDelete, "DELETE"}, {api::Method::kOptions, "OPTIONS"},
      {api::Method::kOther, "other"}};
  const std::string method = names.at(access.method);
  // A path that is none of ours is no label: clients could grow it.
  const std::string route = access.route.empty() ? "none" : access.route;
  metrics_.Add(Counter::kHttpRequests,
               {method, route, StatusClass(access.status)});
  metrics_.Observe(Histogram::kHttpDuration, {method, route},
                   absl::ToDoubleSeconds(access.duration));
  // Set after http_: before it, the server is not ours yet.
  if (handler_.load() != nullptr) {
    metrics_.Set(Gauge::kHttpInFlight, {},
                 static_cast<double>(http_->in_flight()));
  }
  if (access.method == api::Method::kPost &&
      absl::EndsWith(access.path, "/execution") &&
      (access.status < 300 || access.status == 307)) {
    const std::vector<std::string> parts = absl::StrSplit(access.path, '/');
    metrics_.Add(Counter::kJobsSubmitted,
                 {parts.size() > 2 ? parts[parts.size() - 2] : "",
                  access.status == 201 ? "async" : "sync"});
  }
  if (access.status == 413) {
    metrics_.Add(Counter::kHttpRejected, {"body_size"});
  } else if (access.status == 429) {
    metrics_.Add(Counter::kHttpRejected, {"queue_full"});
  } else if (access.status == 405) {
    metrics_.Add(Counter::kHttpRejected, {"method"});
  }
  Log(LogLevel::kDebug, "request",
      {{"method", method},
       {"path", access.path},
       {"status", absl::StrCat(access.status)},
       {"request", access.request_id},
       {"seconds", absl::StrCat(absl::ToDoubleSeconds(access.duration))}});
}

absl::Status Server::Ready() const {
  if (draining_) return absl::UnavailableError("the service ends");
  if (clock_.Now() - housekeeper_->store_seen() > kStoreSilence) {
    return absl::UnavailableError("the job store does not answer");
  }
  if (!keeper_->settled()) {
    return absl::UnavailableError("models are being checked");
  }
  return absl::OkStatus();
}

absl::Status Server::StartOps() {
  CatalogKeeperOptions keeper;
  keeper.directories = config_.models.directories;
  keeper.poll_checking = config_.jobs.poll_interval;
  keeper_ = std::make_unique<CatalogKeeper>(keeper, *catalog_, *wakeup_);
  HousekeeperOptions housekeeper;
  housekeeper.reap_every = config_.jobs.lease / 2;
  housekeeper.retention = config_.jobs.retention;
  housekeeper.pool = config_.workers.pool;
  housekeeper_ = std::make_unique<Housekeeper>(housekeeper, *store_, *wakeup_,
                                               *storage_, clock_, metrics_);

  OpsServer::Options options;
  options.bind = config_.http.bind;
  options.port = config_.http.ops_port;
  options.ready.push_back({"service", [this] { return Ready(); }});
  options.started.push_back({"models", [this] {
                               return keeper_->settled()
                                          ? absl::OkStatus()
                                          : absl::UnavailableError(
                                                "models are being checked");
                             }});
  PB_ASSIGN_OR_RETURN(ops_, OpsServer::Start(std::move(options), metrics_));
  metrics_.Set(Gauge::kBuildInfo, {PUSHBROOM_VERSION}, 1);
  return absl::OkStatus();
}

absl::Status Server::StartBackground() {
  PB_RETURN_IF_ERROR(keeper_->Start());
  PB_RETURN_IF_ERROR(housekeeper_->Measure());
  housekeeper_->Start();

  published_ = std::make_unique<CatalogDirectory>(
      config_.publish.directory.empty() ? data_->layout().catalog
                                        : config_.publish.directory,
      *storage_);
  CallbackOptions callbacks;
  callbacks.public_url = public_url_;
  callbacks.files_url = files_url_;
  std::map<std::string, std::unique_ptr<Delivery>> deliveries;
  deliveries["item"] =
      std::make_unique<ItemDelivery>(*published_, config_.publish.collection);
  deliveries["callback"] = std::make_unique<CallbackDelivery>(
      callbacks, *tokens_,
      [this](const HttpRequest& request) { return client_->Send(request); });
  PublisherOptions options;
  options.holder = absl::StrCat("service-", data_->instance());
  options.poll_interval = config_.jobs.poll_interval;
  publisher_ = std::make_unique<Publisher>(
      options, *store_, *wakeup_, clock_, std::move(deliveries),
      [this](absl::string_view kind, bool delivered) {
        metrics_.Add(Counter::kPublishAttempts,
                     {kind, delivered ? "ok" : "failed"});
      });
  return publisher_->Start();
}

absl::Status Server::StartWorkers() {
  if (config_.workers.count == 0) return absl::OkStatus();
  SupervisorOptions options;
  PB_ASSIGN_OR_RETURN(options.binary, FindWorkerBinary());
  // Workers write links into result items: they are told the real address.
  Config config = config_;
  config.http.public_url = public_url_;
  config.http.files_public_url = files_url_;
  options.count = config.workers.count;
  options.config_json = DumpJson(ToJson(config));
  options.run_directory = data_->layout().run;
  options.scratch_directory = data_->layout().scratch;
  options.pool = config.workers.pool;
  options.ops_bind = config.http.bind;
  options.first_ops_port =
      config.http.ops_port > 0 ? config.http.ops_port + 1 : 0;
  options.orphan_wait = 2 * config.jobs.lease;
  supervisor_ =
      std::make_unique<Supervisor>(options, *store_, *wakeup_, clock_, [this] {
        metrics_.Add(Counter::kWorkerRestarts, {config_.workers.pool});
      });
  return supervisor_->Start();
}

void Server::Stop() {
  if (stopped_) return;
  stopped_ = true;
  draining_ = true;
  // The workers first: what they finish meanwhile answers parked requests.
  if (supervisor_) supervisor_->Drain();
  if (keeper_) keeper_->Stop();
  if (http_ && !http_->Drain(kHttpDrain)) {
    Log(LogLevel::kWarning, "requests were still open",
        {{"requests", absl::StrCat(http_->in_flight())}});
  }
  if (supervisor_) supervisor_->Stop();
  if (publisher_) {
    // What the last jobs have to tell; what fails waits for the next start.
    const auto delivered = publisher_->RunOnce();
    if (!delivered.ok()) {
      Log(LogLevel::kWarning, "the outbox cannot be read",
          {{"error", delivered.status().ToString()}});
    }
    publisher_->Stop();
  }
  if (housekeeper_) housekeeper_->Stop();
}

Server::~Server() { Stop(); }

}  // namespace pushbroom
