// The configuration of both programs. One schema (schemas/config.schema.json)
// checks it, documents it and makes the Helm values; an unknown key is an error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"
#include "service/core/net/url_policy.h"

namespace pushbroom {

/// Immutable once loaded. Defaults are those of the schema.
struct Config {
  std::string data_dir = "pushbroom-data";

  struct Http {
    std::string bind = "127.0.0.1";
    int port = 8080;                    // 0: any free one
    int files_port = 8081;
    int ops_port = 9464;
    std::string public_url;             // empty: http://<bind>:<port>
    std::string files_public_url;       // empty: http://<bind>:<files_port>
    int threads = 4;                    // at least 2, see service/http
    int64_t max_body_bytes = 1 << 20;
    int64_t max_upload_bytes = int64_t{1} << 30;
  } http;

  struct Jobs {
    int max_queued = 10'000;
    int max_attempts = 3;
    int max_crashes = 3;
    absl::Duration lease = absl::Seconds(30);
    absl::Duration deadline = absl::Hours(1);
    absl::Duration retention = absl::Hours(24 * 7);   // of ended jobs
    absl::Duration sync_max_wait = absl::Seconds(25);
    absl::Duration poll_interval = absl::Seconds(1);  // where hints are lost
  } jobs;

  struct Workers {
    int count = 1;                      // local worker processes
    int jobs = 2;                       // at a time in one worker
    std::string pool = "default";
    std::string device = "auto";
    int threads = 0;                    // 0: cores of the cgroup / count
    int tile_size = 512;
    int overlap = 64;
    int max_batch_cpu = 8;
    int max_batch = 64;
    absl::Duration max_delay = absl::Milliseconds(50);
    int64_t memory_limit_bytes = 0;     // 0: none
  } workers;

  struct Models {
    std::vector<std::string> directories;
    bool echo = true;                   // the built-in test process
    bool require_checksum = false;      // refuse items without file:checksum
    int64_t max_artifact_bytes = int64_t{4} << 30;
  } models;

  struct Inputs {
    UrlPolicyOptions urls;
    int64_t max_pixels = int64_t{1} << 36;      // of the target grid
    int64_t max_item_bytes = int64_t{4} << 20;
  } inputs;

  struct Publish {
    std::string directory;              // empty: <data_dir>/catalog
    std::string collection = "pushbroom-results";
  } publish;

  struct Logging {
    std::string level = "info";         // debug, info, warning, error
    std::string format = "auto";        // json, text; auto: text on a terminal
  } log;
};

/// Reads `path` (YAML; empty: none), then the environment (PUSHBROOM_ and the
/// key in capitals, '.' as '_': PUSHBROOM_HTTP_PORT), then `overrides` (dotted
/// key → value as text), each over the one before. kInvalidArgument names file,
/// key, value and what was expected; all problems are in one message.
absl::StatusOr<Config> LoadConfig(
    const std::string& path,
    const std::map<std::string, std::string>& environment,
    const std::map<std::string, std::string>& overrides);

/// As the schema knows it; for --print-config and for handing it to workers.
Json ToJson(const Config& config);
absl::StatusOr<Config> ConfigFromJson(const Json& json);

/// The environment of this process.
std::map<std::string, std::string> ProcessEnvironment();

}  // namespace pushbroom
