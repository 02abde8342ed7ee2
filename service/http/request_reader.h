// Bytes of one connection → api::Request. Pure; the strict half of HTTP/1.1.
//
// Pistache's own parser is not used: it takes "Content-Length: abc" for 0 and
// "5abc" for 5, reads over the end of its buffer, reserves what a client
// claims, is quadratic in the size of the head, and goes on after an error as
// if the rest of a body were requests.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "service/api/message.h"

namespace pushbroom {

struct ReaderLimits {
  size_t max_head_bytes = 32 << 10;
  size_t max_target_bytes = 8 << 10;
  int64_t max_body_bytes = 1 << 20;
};

/// Thread-compatible.
class RequestReader {
 public:
  enum class State { kMore, kDone, kRefused };

  explicit RequestReader(const ReaderLimits& limits) : limits_(limits) {}

  /// Reads on. Bytes behind a complete request are not kept, see `surplus`.
  State Feed(absl::string_view bytes);

  /// kDone: the request. Its id is what the client gave, if that is sane.
  api::Request& request() { return request_; }
  /// kDone: the client will use the connection again.
  bool keep_alive() const { return keep_alive_; }
  /// More came than the request: a pipelined one, which is not served.
  bool surplus() const { return surplus_; }
  /// True once, if the client waits for "100 Continue".
  bool TakeContinue();

  /// kRefused: the HTTP status, and why.
  int refusal_status() const { return refusal_status_; }
  const std::string& refusal() const { return refusal_; }

  /// For the next request of the connection.
  void Reset();

 private:
  enum class Phase {
    kHead,
    kBody,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kDone,
    kRefused
  };

  State Refuse(int status, std::string reason);
  State ParseHead();
  State ParseRequestLine(absl::string_view line);
  State ParseField(absl::string_view line);
  State ParseFraming();
  bool ParseTarget(absl::string_view target);
  State ReadChunks(absl::string_view bytes);
  State ParseChunkSize();
  State StateNow() const;

  const ReaderLimits limits_;
  Phase phase_ = Phase::kHead;
  std::string head_;       // also the current line of a chunked body
  size_t searched_ = 0;    // of head_, for its end
  int64_t remaining_ = 0;  // of the body, or of the chunk
  size_t trailer_bytes_ = 0;
  bool http10_ = false, keep_alive_ = true;
  bool continue_ = false, surplus_ = false;
  int refusal_status_ = 0;
  std::string refusal_;
  api::Request request_;
};

}  // namespace pushbroom
