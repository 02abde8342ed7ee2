// Outbox entries of the kind "callback": OGC callbacks, POST of the results or
// of the status to the URL that the request named.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"
#include "service/core/net/http_client.h"
#include "service/core/storage/file_tokens.h"
#include "service/publish/delivery.h"

namespace pushbroom {

struct CallbackOptions {
  std::string public_url;  // of the API, without a trailing slash
  std::string files_url;   // of the files port, likewise
  absl::Duration link_lifetime = absl::Hours(24);
  absl::Duration timeout = absl::Seconds(30);
  int max_attempts = 8;
};

/// What is posted: results.yaml of a successful job, its files as signed links
/// to the files port; statusInfo.yaml of any other.
Json CallbackBody(const Job& job, const CallbackOptions& options,
                  const FileTokens& tokens);

/// Thread-compatible.
class CallbackDelivery final : public Delivery {
 public:
  using Send = std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)>;

  /// `tokens` must outlive it; `send` is HttpClient::Send.
  CallbackDelivery(CallbackOptions options, const FileTokens& tokens,
                   Send send);

  /// Any 2xx answer is success. 408, 425, 429 and 5xx are tried again, as is
  /// no answer; another 3xx or 4xx is kInvalidArgument.
  absl::Status Deliver(const OutboxEntry& entry, const Job& job) override;
  int max_attempts() const override { return options_.max_attempts; }

 private:
  const CallbackOptions options_;
  const FileTokens& tokens_;
  const Send send_;
};

}  // namespace pushbroom
