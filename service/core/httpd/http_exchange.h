// One request and its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct mg_connection;

namespace pushbroom {

class StallGuard;

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Lives as long as the handler that it is given to. A client that has gone
/// away is no error to whoever answers: what is sent is dropped, and
/// client_gone() tells. Thread-compatible.
class HttpExchange {
 public:
  /// For HttpdServer only.
  HttpExchange(mg_connection* connection, StallGuard* guard);
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const std::string& method() const { return method_; }
  /// Decoded; begins with '/', has no empty, "." or ".." parts, no control
  /// characters and no backslash: other requests never reach a handler.
  const std::string& path() const { return path_; }
  /// The first of this name, decoded; absent if there is none.
  std::optional<std::string> Query(const std::string& name) const;
  /// The first of this name in any case, or empty.
  std::string Header(const char* name) const;
  /// Of the body; absent if the client does not say (chunked, or none).
  std::optional<int64_t> content_length() const;

  /// Waits for up to `size` bytes of the body; 0 at its end. kUnavailable if
  /// the client breaks off, falls silent or is too slow: what came is no body.
  absl::StatusOr<size_t> ReadBody(char* buffer, size_t size);

  /// Answers. Content-Length, Date and Connection are added; HEAD gets no
  /// body. Call once, or SendFile, or SendProblem.
  void Send(int status, const HttpHeaders& headers,
            const std::string& content_type, absl::string_view body);

  /// RFC 9457: application/problem+json with status, title and detail.
  void SendProblem(int status, absl::string_view detail,
                   const HttpHeaders& headers = {});

  /// Answers GET or HEAD with the bytes of a regular file: 200, 206 for one
  /// byte range, 304, or 416. ETag and Last-Modified are of size and time;
  /// several ranges in one request get the whole file. kNotFound, and nothing
  /// is sent, if it cannot be opened.
  absl::Status SendFile(const std::string& path,
                        const std::string& content_type,
                        const HttpHeaders& headers);

  /// 0 until something was sent.
  int status() const { return status_; }
  int64_t body_bytes_sent() const { return body_bytes_sent_; }
  bool client_gone() const { return client_gone_; }

 private:
  friend class HttpdServer;

  // False if the path is one that no handler may see.
  bool ParseTarget();
  void SendHead(int status, const HttpHeaders& headers,
                const std::string& content_type, int64_t length);
  void Write(const char* bytes, size_t size);
  void SendFileBytes(int fd, int64_t begin, int64_t end);
  bool HasUnreadBody() const;
  // Takes what the client still sends, a little of it, so that the answer is
  // not lost in a reset of the connection; then takes no more.
  void FinishBody();

  mg_connection* const connection_;
  StallGuard* const guard_;
  std::string method_, path_, query_;
  int64_t body_bytes_read_ = 0;
  bool body_ended_ = false;
  bool continued_ = false;
  int status_ = 0;
  int64_t body_bytes_sent_ = 0;
  bool client_gone_ = false;
};

}  // namespace pushbroom
