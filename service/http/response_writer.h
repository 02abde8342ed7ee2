// api::Response → the bytes of an HTTP/1.1 response. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/api/message.h"

namespace pushbroom {

struct ResponseFrame {
  bool head_only = false;  // the request was HEAD
  bool keep_alive = true;
  std::string request_id;  // echoed as X-Request-Id; empty: none
  absl::Time now;
};

/// With Date and the right Content-Length; without a body for HEAD, 204 and
/// 304. Line breaks in values are dropped: nothing can add a field.
std::string SerializeResponse(const api::Response& response,
                              const ResponseFrame& frame);

}  // namespace pushbroom
