#include "tests/functional/http_robustness/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pushbroom::testing {

Client::Client(int port, int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
               sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return;
  }
  fd_ = fd;
}

Client::~Client() {
  if (fd_ >= 0) close(fd_);
}

bool Client::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    // MSG_DONTWAIT is not set and the descriptor blocks, so this one is not
    // what the wrapped send looks after.
    const ssize_t sent = write(fd_, bytes.data(), bytes.size());
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Client::Fill(absl::Time deadline) {
  const int64_t left =
      std::max<int64_t>(0, absl::ToInt64Milliseconds(deadline - absl::Now()));
  pollfd readable{fd_, POLLIN, 0};
  if (poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
  char bytes[65536];
  const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(got));
  return true;
}

std::string Client::Receive(absl::Duration timeout, bool head_request) {
  const absl::Time deadline = absl::Now() + timeout;
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill(deadline)) return "";
  }
  size_t size = end + 4;
  const size_t field = buffer_.find("Content-Length: ");
  if (!head_request && field < end) {
    size += std::strtoul(buffer_.c_str() + field + 16, nullptr, 10);
  }
  while (buffer_.size() < size) {
    if (!Fill(deadline)) return "";
  }
  std::string response = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

bool Client::AtEnd(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) return false;
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
    char bytes[4096];
    if (recv(fd_, bytes, sizeof bytes, 0) <= 0) return buffer_.empty();
  }
}

void Client::AwaitReadable(absl::Duration timeout) {
  const timespec most = absl::ToTimespec(timeout);
  pollfd readable{fd_, POLLIN, 0};
  ppoll(&readable, 1, &most, nullptr);
}

void Client::Abort() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd_);
  fd_ = -1;
}

std::string GetBytes(absl::string_view path, absl::string_view fields) {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n", fields,
                      "\r\n");
}

std::string PostBytes(absl::string_view path, absl::string_view body,
                      absl::string_view fields) {
  return absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: localhost\r\n",
                      "Content-Length: ", body.size(), "\r\n", fields, "\r\n",
                      body);
}

int StatusOf(absl::string_view response) {
  int status = 0;
  if (!absl::StartsWith(response, "HTTP/1.1 ") ||
      !absl::SimpleAtoi(response.substr(9, 3), &status)) {
    return 0;
  }
  return status;
}

std::string BodyOf(absl::string_view response) {
  const size_t end = response.find("\r\n\r\n");
  return end == absl::string_view::npos ? std::string()
                                        : std::string(response.substr(end + 4));
}

}  // namespace pushbroom::testing
