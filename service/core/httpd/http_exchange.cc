#include "service/core/httpd/http_exchange.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "civetweb.h"
#include "service/core/base/json.h"
#include "service/core/httpd/sockets.h"
#include "service/core/httpd/stall_guard.h"

namespace pushbroom {
namespace {

constexpr size_t kChunkBytes = 64 << 10;
constexpr int64_t kMostDrained = 1 << 20;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %XX, and in queries '+'. False where a % is not followed by two digits.
bool Decode(absl::string_view text, bool plus_is_space, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return false;
      decoded->push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      decoded->push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return true;
}

bool IsCleanPath(const std::string& path) {
  if (path.empty() || path[0] != '/') return false;
  for (const char c : path) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) || c == '\\') {
      return false;
    }
  }
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (size_t i = 1; i < parts.size(); ++i) {
    const bool trailing = i + 1 == parts.size();
    if ((parts[i].empty() && !trailing) || parts[i] == "." ||
        parts[i] == "..") {
      return false;
    }
  }
  return true;
}

}  // namespace

HttpExchange::HttpExchange(mg_connection* connection, StallGuard* guard)
    : connection_(connection), guard_(guard) {
  const mg_request_info* info = mg_get_request_info(connection);
  if (info->request_method) method_ = info->request_method;
  if (info->query_string) query_ = info->query_string;
}

bool HttpExchange::ParseTarget() {
  const mg_request_info* info = mg_get_request_info(connection_);
  // With decode_url off, this is as the client wrote it.
  return info->local_uri_raw && Decode(info->local_uri_raw, false, &path_) &&
         IsCleanPath(path_);
}

std::optional<std::string> HttpExchange::Query(const std::string& name) const {
  for (const absl::string_view pair : absl::StrSplit(query_, '&')) {
    const size_t equals = pair.find('=');
    std::string key, value;
    if (!Decode(pair.substr(0, equals), true, &key) || key != name) continue;
    if (equals != absl::string_view::npos &&
        !Decode(pair.substr(equals + 1), true, &value)) {
      continue;
    }
    return value;
  }
  return std::nullopt;
}

std::string HttpExchange::Header(const char* name) const {
  const char* value = mg_get_header(connection_, name);
  return value ? value : "";
}

std::optional<int64_t> HttpExchange::content_length() const {
  const long long length = mg_get_request_info(connection_)->content_length;
  if (length < 0) return std::nullopt;
  return static_cast<int64_t>(length);
}

absl::StatusOr<size_t> HttpExchange::ReadBody(char* buffer, size_t size) {
  if (body_ended_ || size == 0) return size_t{0};
  if (client_gone_) return absl::UnavailableError("the client broke off");
  const std::optional<int64_t> length = content_length();
  if (!HasUnreadBody()) return size_t{0};
  if (!continued_) {
    continued_ = true;
    // curl asks before a large body, and waits a second for the answer.
    if (absl::EqualsIgnoreCase(Header("Expect"), "100-continue")) {
      constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      mg_write(connection_, kContinue.data(), kContinue.size());
    }
  }
  int got = 0;
  {
    const StallGuard::Chunk chunk(guard_, connection_);
    got = mg_read(connection_, buffer, std::min(size, kChunkBytes));
  }
  if (got > 0) {
    body_bytes_read_ += got;
    return static_cast<size_t>(got);
  }
  if (got == 0 && !length) {  // the last chunk of a chunked body
    body_ended_ = true;
    return size_t{0};
  }
  client_gone_ = true;
  return absl::UnavailableError(absl::StrCat(
      "the client broke off after ", body_bytes_read_, " bytes of the body"));
}

bool HttpExchange::HasUnreadBody() const {
  if (body_ended_) return false;
  const std::optional<int64_t> length = content_length();
  return length ? *length > body_bytes_read_
                : !Header("Transfer-Encoding").empty();
}

void HttpExchange::FinishBody() {
  // A client that waits for 100 Continue sends nothing more.
  if (continued_ || Header("Expect").empty()) {
    std::string waste(kChunkBytes, '\0');
    for (int64_t drained = 0; drained < kMostDrained && HasUnreadBody();) {
      const auto got = ReadBody(waste.data(), waste.size());
      if (!got.ok()) break;
      drained += static_cast<int64_t>(*got);
    }
  }
  if (!HasUnreadBody()) return;
  // civetweb would read the rest, however long it is.
  const mg_request_info* info = mg_get_request_info(connection_);
  StopReceiving(info->remote_addr, info->remote_port, info->server_port);
}

void HttpExchange::Write(const char* bytes, size_t size) {
  while (size > 0 && !client_gone_) {
    const size_t part = std::min(size, kChunkBytes);
    int sent = 0;
    {
      const StallGuard::Chunk chunk(guard_, connection_);
      sent = mg_write(connection_, bytes, part);
    }
    if (sent != static_cast<int>(part)) client_gone_ = true;
    bytes += part;
    size -= part;
  }
}

void HttpExchange::SendHead(int status, const HttpHeaders& headers,
                            const std::string& content_type, int64_t length) {
  status_ = status;
  std::string head =
      absl::StrCat("HTTP/1.1 ", status, " ",
                   mg_get_response_code_text(connection_, status), "\r\nDate: ",
                   absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(),
                                    absl::UTCTimeZone()),
                   "\r\n");
  const auto add = [&head](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&head, name, ": ");
    // Names of files come in here: no line may begin inside a value.
    for (const char c : value) {
      head += absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? '_' : c;
    }
    head += "\r\n";
  };
  if (!content_type.empty()) add("Content-Type", content_type);
  if (status != 204 && status != 304) {
    add("Content-Length", absl::StrCat(length));
  }
  for (const auto& [name, value] : headers) add(name, value);
  // A thread serves a connection: none is kept for a client that thinks.
  absl::StrAppend(&head, "Connection: close\r\n\r\n");
  Write(head.data(), head.size());
}

void HttpExchange::Send(int status, const HttpHeaders& headers,
                        const std::string& content_type,
                        absl::string_view body) {
  SendHead(status, headers, content_type, static_cast<int64_t>(body.size()));
  if (method_ == "HEAD" || status == 204 || status == 304) return;
  Write(body.data(), body.size());
  if (!client_gone_) body_bytes_sent_ += static_cast<int64_t>(body.size());
}

void HttpExchange::SendProblem(int status, absl::string_view detail,
                               const HttpHeaders& headers) {
  const Json problem = {
      {"type", "about:blank"},
      {"title", mg_get_response_code_text(connection_, status)},
      {"status", status},
      {"detail", std::string(detail)}};
  Send(status, headers, "application/problem+json", DumpJson(problem));
}

}  // namespace pushbroom
