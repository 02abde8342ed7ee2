// A client that can misbehave: a socket, bytes out, bytes in.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pushbroom::testing {

struct RawResponse {
  int status = 0;                              // 0: no answer
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

/// One connection to 127.0.0.1. Thread-compatible.
class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                 sizeof(receive_buffer));
    }
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address),
                         sizeof(address)) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { Close(); }

  bool connected() const { return connected_; }

  /// False once the server refuses more.
  bool Send(const std::string& bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n =
          ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return false;
      done += static_cast<size_t>(n);
    }
    return true;
  }

  /// Up to `size` bytes; empty at the end of the connection or after
  /// `patience`.
  std::string Receive(size_t size,
                      absl::Duration patience = absl::Seconds(20)) {
    pollfd waiting = {fd_, POLLIN, 0};
    const auto wait = static_cast<int>(absl::ToInt64Milliseconds(patience));
    if (poll(&waiting, 1, wait) <= 0) return "";
    std::string bytes(size, '\0');
    const ssize_t n = ::recv(fd_, bytes.data(), size, 0);
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }

  std::string ReceiveAll() {
    std::string all;
    for (std::string part; !(part = Receive(1 << 16)).empty();) all += part;
    return all;
  }

  /// Sends nothing more; the server sees the end.
  void EndSending() { shutdown(fd_, SHUT_WR); }

  /// Breaks off: the server's next write fails.
  void Abort() {
    const linger now = {1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
};

inline RawResponse ParseResponse(const std::string& text) {
  RawResponse response;
  size_t head_end = text.find("\r\n\r\n");
  // "100 Continue" goes before the answer.
  std::string rest = text;
  while (rest.rfind("HTTP/1.1 100", 0) == 0 && head_end != std::string::npos) {
    rest = rest.substr(head_end + 4);
    head_end = rest.find("\r\n\r\n");
  }
  if (rest.rfind("HTTP/1.1 ", 0) != 0 || head_end == std::string::npos) {
    return response;
  }
  response.status = std::atoi(rest.c_str() + 9);
  size_t at = rest.find("\r\n") + 2;
  while (at < head_end + 2) {
    const size_t line_end = rest.find("\r\n", at);
    const size_t colon = rest.find(": ", at);
    if (colon < line_end) {
      response.headers[absl::AsciiStrToLower(rest.substr(at, colon - at))] =
          rest.substr(colon + 2, line_end - colon - 2);
    }
    at = line_end + 2;
  }
  response.body = rest.substr(head_end + 4);
  return response;
}

/// One request on a connection of its own. `headers`: lines that end in \r\n.
inline RawResponse Fetch(int port, const std::string& method,
                         const std::string& target,
                         const std::string& headers = "",
                         const std::string& body = "") {
  RawClient client(port);
  client.Send(absl::StrCat(method, " ", target,
                           " HTTP/1.1\r\nHost: localhost\r\n", headers, "\r\n",
                           body));
  return ParseResponse(client.ReceiveAll());
}

/// Files that this process has open.
inline int OpenFiles() {
  int count = 0;
  if (DIR* files = opendir("/proc/self/fd")) {
    while (readdir(files)) ++count;
    closedir(files);
  }
  return count;
}

/// Polls until `condition` holds; false after `patience`.
template <typename Condition>
bool Eventually(Condition condition,
                absl::Duration patience = absl::Seconds(20)) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace pushbroom::testing
