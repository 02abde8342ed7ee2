// A request body that becomes an object in storage.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "service/core/httpd/http_exchange.h"
#include "service/core/storage/storage.h"

namespace pushbroom {

struct Upload {
  std::string id;  // a UUID; the object is uploads/<id>
  int64_t size_bytes = 0;
};

/// Reads the body into a file of `scratch_directory` and puts it into
/// `storage`; no failure leaves a file behind. kResourceExhausted above
/// `max_bytes`, kInvalidArgument for an empty body, kUnavailable if the client
/// breaks off or the disk is full.
absl::StatusOr<Upload> ReceiveUpload(HttpExchange& exchange, Storage& storage,
                                     const std::string& scratch_directory,
                                     int64_t max_bytes);

}  // namespace pushbroom
