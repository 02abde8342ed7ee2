// One request and its answer by libcurl, redirects not followed; and the pool
// of handles that keeps connections open between them.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/net/curl_transfer.h"
#include "service/core/net/http_client.h"
#include "service/core/net/url_policy.h"

namespace pushbroom {

/// Handles keep their connections, so the next request to the same host needs
/// no new handshake. Thread-safe; must outlive its leases.
class CurlPool {
 public:
  CurlPool();
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  struct Return {
    CurlPool* pool;
    void operator()(CURL* handle) const { pool->Release(handle); }
  };
  using Lease = std::unique_ptr<CURL, Return>;

  /// A handle with no option set; it goes back when the lease ends.
  Lease Acquire();

 private:
  void Release(CURL* handle);

  absl::Mutex mutex_;
  std::vector<CURL*> idle_ ABSL_GUARDED_BY(mutex_);
};

/// Sends `request`, whose URL `policy` has passed, and gives the answer
/// without its body, which goes to `sink`. Errors as HttpClient::Send.
absl::StatusOr<HttpResponse> Exchange(CURL* handle, const UrlPolicy& policy,
                                      const HttpRequest& request,
                                      absl::Time deadline, BodySink& sink);

}  // namespace pushbroom
