// The guarded HTTP client: every outgoing request of both programs. The only
// user of libcurl.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/base/cancellation.h"
#include "service/core/net/url_policy.h"

namespace pushbroom {

struct HttpRequest {
  std::string method = "GET";          // GET, HEAD, POST, PUT
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;
  // Byte range [offset, offset + length): sends Range, and a 200 that ignores
  // it is an error (kFailedPrecondition) once more than `length` bytes came.
  std::optional<int64_t> range_offset;
  int64_t range_length = 0;
  int64_t max_bytes = int64_t{64} << 20;   // of the body
  absl::Duration timeout = absl::Seconds(60);
  int max_redirects = 3;                   // each hop is checked again
  CancelToken cancel;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string final_url;                       // after redirects
};

/// Thread-safe. Follows redirects itself, forwards no Authorization to another
/// host, uses no proxy, decompresses nothing.
class HttpClient {
 public:
  /// `policy` must outlive the client.
  explicit HttpClient(const UrlPolicy& policy);
  ~HttpClient();

  /// The answer, whatever its status. kPermissionDenied where the gate
  /// refuses; kUnavailable where nobody answers; kDeadlineExceeded;
  /// kResourceExhausted above max_bytes; kCancelled.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

  /// GET of a small document: the body of a 200, or a Status that says what
  /// came instead (404 and 410: kNotFound; 401 and 403: kPermissionDenied;
  /// 429 and 5xx: kUnavailable).
  absl::StatusOr<HttpResponse> Fetch(const std::string& url, int64_t max_bytes,
                                     const CancelToken& cancel = {});

  /// GET into a file; gives its SHA-256 (hex). The file is removed on error.
  absl::StatusOr<std::string> Download(const std::string& url,
                                       const std::string& path,
                                       int64_t max_bytes,
                                       const CancelToken& cancel = {});

  const UrlPolicy& policy() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pushbroom
