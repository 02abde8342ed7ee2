// The callbacks of one libcurl exchange: here an address is refused, and here
// bytes are counted.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/core/net/http_client.h"
#include "service/core/net/url_policy.h"

namespace pushbroom {

/// Where a body goes, piece by piece. Thread-compatible.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Whether the body of this answer is of use; asked when the headers are
  /// complete. If not, it is dropped, and Write is not called.
  virtual bool Wants(const HttpResponse& answer) = 0;
  /// An error ends the exchange and becomes its result.
  virtual absl::Status Write(absl::string_view piece) = 0;
};

/// What libcurl's callbacks see and note down: refusals of addresses, the
/// answer's head, and how much of its body came. Thread-compatible.
class Transfer {
 public:
  /// All of them must outlive it.
  Transfer(const UrlPolicy& policy, const HttpRequest& request, BodySink& sink)
      : policy_(policy), request_(request), sink_(sink) {}

  static curl_socket_t OpenSocket(void* self, curlsocktype,
                                  curl_sockaddr* address) {
    return static_cast<Transfer*>(self)->Open(*address);
  }
  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    transfer->failure_ = transfer->TakeHeader({data, size});
    return transfer->failure_.ok() ? size : 0;
  }
  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    transfer->failure_ = transfer->TakeBody({data, size});
    return transfer->failure_.ok() && !transfer->cut_ ? size : 0;
  }
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t,
                        curl_off_t) {
    return static_cast<Transfer*>(self)->request_.cancel.cancelled() ? 1 : 0;
  }

  // The reason we ended the exchange ourselves, if we did.
  const absl::Status& failure() const { return failure_; }
  // Why no address of the host could be tried; OK if one was.
  absl::Status refusal() const { return opened_ ? absl::OkStatus() : refusal_; }
  // An unwanted body was long, so the rest of it was not waited for.
  bool cut() const { return cut_; }
  HttpResponse& answer() { return answer_; }

 private:
  curl_socket_t Open(const curl_sockaddr& address);

  absl::Status TakeHeader(absl::string_view line);

  // Refuses by the headers alone what would be refused by the body.
  absl::Status BeginBody();

  absl::Status CheckRangeAnswer() const;

  absl::Status CheckSize(int64_t size) const;

  absl::Status TakeBody(absl::string_view piece);

  const UrlPolicy& policy_;
  const HttpRequest& request_;
  BodySink& sink_;
  HttpResponse answer_;
  absl::Status failure_;
  absl::Status refusal_;
  size_t header_bytes_ = 0;
  int64_t received_ = 0;
  bool opened_ = false;
  bool headers_done_ = false;
  bool wanted_ = false;
  bool cut_ = false;
};

}  // namespace pushbroom
