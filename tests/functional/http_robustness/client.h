// A client that can also behave badly: plain sockets on the loopback.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pushbroom::testing {

/// Thread-compatible. Closed on destruction.
class Client {
 public:
  /// Connects to 127.0.0.1; `receive_buffer` in bytes, 0: the system's.
  explicit Client(int port, int receive_buffer = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return fd_ >= 0; }

  /// False if the other side has closed.
  bool Send(absl::string_view bytes);

  /// One whole response: head and body by its Content-Length. Empty if the
  /// connection ended or `timeout` passed before.
  std::string Receive(absl::Duration timeout, bool head_request = false);

  /// True once the other side has closed and nothing is left to read.
  bool AtEnd(absl::Duration timeout);

  /// Waits until there is something to read, or `timeout` has passed.
  void AwaitReadable(absl::Duration timeout);

  /// Closes with a reset: what a client does that is killed.
  void Abort();

 private:
  bool Fill(absl::Time deadline);

  int fd_ = -1;
  std::string buffer_;
};

/// "GET <path>" with Host, and `fields` ("Name: value\r\n"…).
std::string GetBytes(absl::string_view path, absl::string_view fields = "");
std::string PostBytes(absl::string_view path, absl::string_view body,
                      absl::string_view fields = "");

/// The status of a response; 0 if it is none.
int StatusOf(absl::string_view response);
std::string BodyOf(absl::string_view response);

}  // namespace pushbroom::testing
