#include "service/core/config/config_fields.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/core/config/config_schema.h"

namespace pushbroom {
namespace {

// `Visitor` is called with each dotted key and its member.
template <typename ConfigType, typename Visitor>
void VisitFields(ConfigType& config, Visitor&& visit) {
  visit("data_dir", config.data_dir);

  auto& http = config.http;
  visit("http.bind", http.bind);
  visit("http.port", http.port);
  visit("http.files_port", http.files_port);
  visit("http.ops_port", http.ops_port);
  visit("http.public_url", http.public_url);
  visit("http.files_public_url", http.files_public_url);
  visit("http.threads", http.threads);
  visit("http.max_body_bytes", http.max_body_bytes);
  visit("http.max_upload_bytes", http.max_upload_bytes);

  auto& jobs = config.jobs;
  visit("jobs.max_queued", jobs.max_queued);
  visit("jobs.max_attempts", jobs.max_attempts);
  visit("jobs.max_crashes", jobs.max_crashes);
  visit("jobs.lease", jobs.lease);
  visit("jobs.deadline", jobs.deadline);
  visit("jobs.retention", jobs.retention);
  visit("jobs.sync_max_wait", jobs.sync_max_wait);
  visit("jobs.poll_interval", jobs.poll_interval);

  auto& workers = config.workers;
  visit("workers.count", workers.count);
  visit("workers.jobs", workers.jobs);
  visit("workers.pool", workers.pool);
  visit("workers.device", workers.device);
  visit("workers.threads", workers.threads);
  visit("workers.tile_size", workers.tile_size);
  visit("workers.overlap", workers.overlap);
  visit("workers.max_batch_cpu", workers.max_batch_cpu);
  visit("workers.max_batch", workers.max_batch);
  visit("workers.max_delay", workers.max_delay);
  visit("workers.memory_limit_bytes", workers.memory_limit_bytes);

  auto& models = config.models;
  visit("models.directories", models.directories);
  visit("models.echo", models.echo);
  visit("models.require_checksum", models.require_checksum);
  visit("models.max_artifact_bytes", models.max_artifact_bytes);

  auto& urls = config.inputs.urls;
  visit("inputs.urls.allow_http", urls.allow_http);
  visit("inputs.urls.allowed_hosts", urls.allowed_hosts);
  visit("inputs.urls.allowed_networks", urls.allowed_networks);
  visit("inputs.urls.allowed_ports", urls.allowed_ports);
  visit("inputs.urls.file_roots", urls.file_roots);
  visit("inputs.max_pixels", config.inputs.max_pixels);
  visit("inputs.max_item_bytes", config.inputs.max_item_bytes);

  visit("publish.directory", config.publish.directory);
  visit("publish.collection", config.publish.collection);

  visit("log.level", config.log.level);
  visit("log.format", config.log.format);
}

Json::json_pointer PointerOfKey(const char* dotted) {
  return Json::json_pointer(
      absl::StrCat("/", absl::StrReplaceAll(dotted, {{".", "/"}})));
}

struct Reader {
  const Json& json;
  template <typename T>
  void operator()(const char* dotted, T& member) const {
    member = json.at(PointerOfKey(dotted)).template get<T>();
  }
  void operator()(const char* dotted, absl::Duration& member) const {
    const auto duration =
        ParseConfigDuration(json.at(PointerOfKey(dotted)).get<std::string>());
    member = duration.value();  // it was checked
  }
};

struct Writer {
  Json& json;
  template <typename T>
  void operator()(const char* dotted, const T& member) const {
    json[PointerOfKey(dotted)] = member;
  }
  void operator()(const char* dotted, const absl::Duration& member) const {
    json[PointerOfKey(dotted)] = absl::FormatDuration(member);
  }
};

}  // namespace

Config ConfigFromChecked(const Json& json) {
  Config config;
  VisitFields(config, Reader{json});
  return config;
}

Json ConfigToJson(const Config& config) {
  Json json = Json::object();
  VisitFields(config, Writer{json});
  return json;
}

}  // namespace pushbroom
