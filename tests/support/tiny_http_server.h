// An HTTP server for tests: plain sockets, this machine only, any free port.
// It serves what it was told to, misbehaves where it was told to, and keeps
// what it was asked.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/core/net/url_policy.h"

namespace pushbroom::testing {

struct TinyRequest {
  std::string method;
  std::string path;                            // with its query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct TinyReply {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;

  bool ignore_range = false;  // always the whole body, with 200
  bool chunked = false;       // no Content-Length
  bool hang = false;          // never answers
  // Sends the headers and so much of the body, then nothing: it hangs, or
  // closes the connection. Negative: all of it.
  int64_t hang_after = -1;
  int64_t close_after = -1;
};

/// Thread-safe. Answers 404 on paths that it does not know. Connections are
/// kept alive, one thread each; what hangs ends with the server.
class TinyHttpServer {
 public:
  using Handler = std::function<TinyReply(const TinyRequest&)>;

  TinyHttpServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, generic, size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  TinyHttpServer(const TinyHttpServer&) = delete;
  TinyHttpServer& operator=(const TinyHttpServer&) = delete;

  ~TinyHttpServer() {
    std::list<std::thread> threads;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      for (int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    }
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      absl::MutexLock lock(&mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
    ::close(listener_);
  }

  /// What `path` (without query) answers from now on.
  void Serve(const std::string& path, TinyReply reply) {
    Handle(path, [reply](const TinyRequest&) { return reply; });
  }
  void Serve(const std::string& path, std::string body) {
    TinyReply reply;
    reply.body = std::move(body);
    Serve(path, std::move(reply));
  }
  void Handle(const std::string& path, Handler handler) {
    absl::MutexLock lock(&mutex_);
    handlers_[path] = std::move(handler);
  }

  int port() const { return port_; }
  std::string Url(absl::string_view path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }

  /// Every request so far, in the order of arrival.
  std::vector<TinyRequest> requests() const {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  /// How many of them asked for `path` (without query).
  int CountOf(absl::string_view path) const {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(std::count_if(
        requests_.begin(), requests_.end(),
        [path](const TinyRequest& r) { return PathOf(r) == path; }));
  }
  /// Connections accepted so far.
  int connections() const {
    absl::MutexLock lock(&mutex_);
    return accepted_;
  }
  /// Waits for the `count`-th request; false if it does not come in time.
  bool WaitForRequests(size_t count,
                       absl::Duration timeout = absl::Seconds(20)) const {
    absl::MutexLock lock(&mutex_);
    auto enough = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return requests_.size() >= count;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), timeout);
  }

 private:
  static std::string PathOf(const TinyRequest& request) {
    return request.path.substr(0, request.path.find('?'));
  }

  void Accept() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      absl::MutexLock lock(&mutex_);
      if (stopping_ || fd < 0) {
        if (fd >= 0) ::close(fd);
        if (stopping_) return;
        continue;
      }
      const int on = 1;  // head and body go out at once
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      ++accepted_;
      connections_.insert(fd);
      threads_.emplace_back([this, fd] { Converse(fd); });
    }
  }

  void Converse(int fd) {
    std::string buffer;
    TinyRequest request;
    while (Read(fd, buffer, request)) {
      if (!Answer(fd, request)) break;
      request = TinyRequest();
    }
    absl::MutexLock lock(&mutex_);
    connections_.erase(fd);
    ::close(fd);
  }

  // One request off the connection; what follows it stays in `buffer`.
  static bool Read(int fd, std::string& buffer, TinyRequest& request) {
    size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore(fd, buffer)) return false;
    }
    const std::string head = buffer.substr(0, end);
    buffer.erase(0, end + 4);
    const size_t line_end = std::min(head.find("\r\n"), head.size());
    const std::string line = head.substr(0, line_end);
    const size_t first = line.find(' ');
    const size_t second = line.find(' ', first + 1);
    if (second == std::string::npos) return false;
    request.method = line.substr(0, first);
    request.path = line.substr(first + 1, second - first - 1);
    for (size_t at = line_end; at < head.size();) {
      at += 2;
      const size_t next = std::min(head.find("\r\n", at), head.size());
      const std::string field = head.substr(at, next - at);
      const size_t colon = field.find(':');
      if (colon != std::string::npos) {
        request.headers[absl::AsciiStrToLower(field.substr(0, colon))] =
            std::string(absl::StripAsciiWhitespace(field.substr(colon + 1)));
      }
      at = next;
    }
    size_t length = 0;
    const auto it = request.headers.find("content-length");
    if (it != request.headers.end() && !absl::SimpleAtoi(it->second, &length)) {
      return false;
    }
    while (buffer.size() < length) {
      if (!ReadMore(fd, buffer)) return false;
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
  }

  static bool ReadMore(int fd, std::string& buffer) {
    char bytes[16384];
    const ssize_t n = ::recv(fd, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    buffer.append(bytes, static_cast<size_t>(n));
    return true;
  }

  // False: the connection ends.
  bool Answer(int fd, const TinyRequest& request) {
    Handler handler;
    {
      absl::MutexLock lock(&mutex_);
      requests_.push_back(request);
      const auto it = handlers_.find(PathOf(request));
      if (it != handlers_.end()) handler = it->second;
    }
    TinyReply reply;
    if (handler) {
      reply = handler(request);
    } else {
      reply.status = 404;
      reply.body = "no such path";
    }
    if (reply.hang) return HangUp(fd);
    ApplyRange(request, reply);

    std::string head = absl::StrCat("HTTP/1.1 ", reply.status, " Tiny\r\n");
    for (const auto& [name, value] : reply.headers) {
      absl::StrAppend(&head, name, ": ", value, "\r\n");
    }
    absl::StrAppend(&head,
                    reply.chunked
                        ? std::string("Transfer-Encoding: chunked")
                        : absl::StrCat("Content-Length: ", reply.body.size()),
                    "\r\n\r\n");
    if (!SendAll(fd, head)) return false;
    if (request.method == "HEAD") return true;
    const int64_t cut = std::max(reply.hang_after, reply.close_after);
    const absl::string_view body =
        absl::string_view(reply.body)
            .substr(0, cut < 0 ? absl::string_view::npos
                               : static_cast<size_t>(cut));
    if (!SendBody(fd, body, reply.chunked)) return false;
    if (reply.hang_after >= 0) return HangUp(fd);
    if (reply.close_after >= 0) return false;
    return !reply.chunked || SendAll(fd, "0\r\n\r\n");
  }

  // Waits until the client or the test has had enough of it.
  static bool HangUp(int fd) {
    char byte;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
    return false;
  }

  static void ApplyRange(const TinyRequest& request, TinyReply& reply) {
    const auto it = request.headers.find("range");
    if (it == request.headers.end() || reply.ignore_range ||
        reply.status != 200) {
      return;
    }
    const std::string& text = it->second;  // bytes=FIRST-[LAST]
    const size_t dash = text.find('-');
    uint64_t first = 0;
    uint64_t last = 0;
    if (!absl::StartsWith(text, "bytes=") || dash == std::string::npos ||
        !absl::SimpleAtoi(text.substr(6, dash - 6), &first)) {
      return;
    }
    const uint64_t size = reply.body.size();
    if (!absl::SimpleAtoi(text.substr(dash + 1), &last)) last = size;
    if (first >= size) {
      reply.status = 416;
      reply.headers["Content-Range"] = absl::StrCat("bytes */", size);
      reply.body.clear();
      return;
    }
    last = std::min(last, size - 1);
    reply.status = 206;
    reply.headers["Content-Range"] =
        absl::StrCat("bytes ", first, "-", last, "/", size);
    reply.body = reply.body.substr(first, last - first + 1);
  }

  static bool SendBody(int fd, absl::string_view body, bool chunked) {
    constexpr size_t kPiece = 16384;
    while (!body.empty()) {
      const absl::string_view piece = body.substr(0, kPiece);
      body.remove_prefix(piece.size());
      const bool sent = chunked
                            ? SendAll(fd, absl::StrCat(absl::Hex(piece.size()),
                                                       "\r\n", piece, "\r\n"))
                            : SendAll(fd, piece);
      if (!sent) return false;
    }
    return true;
  }

  static bool SendAll(int fd, absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<int> connections_ ABSL_GUARDED_BY(mutex_);
  std::list<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Handler> handlers_ ABSL_GUARDED_BY(mutex_);
  std::vector<TinyRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

/// A policy that lets through to `server`, and to nothing else of this machine.
inline UrlPolicyOptions OptionsToReach(const TinyHttpServer& server) {
  UrlPolicyOptions options;
  options.allow_http = true;
  options.allowed_networks = {"127.0.0.0/8"};
  options.allowed_ports = {server.port()};
  return options;
}

}  // namespace pushbroom::testing
