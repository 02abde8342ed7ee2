// OGC API – Processes, pure: a Request in, an Answer out. No HTTP library, no
// threads of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "process-descriptions/catalog.h"
#include "service/api/message.h"
#include "service/core/base/clock.h"
#include "service/core/jobs/job_store.h"
#include "service/core/jobs/wakeup.h"
#include "service/core/net/url_policy.h"
#include "service/core/storage/file_tokens.h"
#include "service/core/storage/storage.h"

namespace pushbroom::api {

struct Options {
  std::string public_url;  // without a trailing slash
  std::string files_url;   // of the files port, likewise
  std::string title = "Pushbroom";
  absl::Duration sync_max_wait = absl::Seconds(25);
  absl::Duration file_link_lifetime = absl::Hours(1);
  int max_attempts = 3;
  absl::Duration job_deadline = absl::Hours(1);
  int64_t max_body_bytes = 1 << 20;
};

/// Borrowed; all must outlive the Api.
struct Dependencies {
  Catalog& catalog;
  JobStore& store;
  Wakeup& wakeup;
  Storage& storage;
  const FileTokens& tokens;
  const UrlPolicy& policy;  // callbacks are checked when submitted
  const Clock& clock;
};

/// Thread-safe.
class Api {
 public:
  Api(Options options, Dependencies dependencies);
  ~Api();

  /// Never throws; an unknown path is a 404 problem, a known path with another
  /// method a 405 with Allow.
  Answer Handle(const Request& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pushbroom::api
