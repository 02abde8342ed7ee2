#include "service/core/net/curl_transfer.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxHeaderBytes = size_t{64} << 10;
// So much of an unwanted body is read to keep the connection; then it is cut.
constexpr int64_t kMaxDroppedBytes = int64_t{64} << 10;

}  // namespace

curl_socket_t Transfer::Open(const curl_sockaddr& address) {
  absl::Status allowed = policy_.CheckAddress(&address.addr);
  if (!allowed.ok()) {
    refusal_ = std::move(allowed);
    return CURL_SOCKET_BAD;
  }
  opened_ = true;
  // Worker processes are started while requests are under way.
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC,
                  address.protocol);
}

absl::Status Transfer::TakeHeader(absl::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(UrlForMessage(request_.url), " answers with more than ",
                     kMaxHeaderBytes, " bytes of headers"));
  }
  line = absl::StripTrailingAsciiWhitespace(line);
  if (absl::StartsWith(line, "HTTP/")) {  // also after a 100 Continue
    answer_.headers.clear();
    headers_done_ = false;
    const size_t space = line.find(' ');
    answer_.status = 0;
    if (space != absl::string_view::npos &&
        !absl::SimpleAtoi(line.substr(space + 1, 3), &answer_.status)) {
      answer_.status = 0;
    }
    return absl::OkStatus();
  }
  if (headers_done_) return absl::OkStatus();  // a trailer of a chunked body
  if (line.empty()) {
    headers_done_ = true;
    return answer_.status >= 200 ? BeginBody() : absl::OkStatus();
  }
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return absl::OkStatus();
  const std::string name =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.substr(0, colon)));
  const absl::string_view value =
      absl::StripAsciiWhitespace(line.substr(colon + 1));
  auto [it, fresh] = answer_.headers.emplace(name, std::string(value));
  if (!fresh) absl::StrAppend(&it->second, ", ", value);
  return absl::OkStatus();
}

absl::Status Transfer::BeginBody() {
  wanted_ = sink_.Wants(answer_);
  if (!wanted_ || request_.method == "HEAD") return absl::OkStatus();
  if (request_.range_offset) PB_RETURN_IF_ERROR(CheckRangeAnswer());
  const auto it = answer_.headers.find("content-length");
  int64_t announced = 0;
  if (it == answer_.headers.end() ||
      !absl::SimpleAtoi(it->second, &announced)) {
    return absl::OkStatus();
  }
  return CheckSize(announced);
}

absl::Status Transfer::CheckRangeAnswer() const {
  const int64_t offset = *request_.range_offset;
  if (answer_.status == 200 && offset > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(UrlForMessage(request_.url),
                     " ignores the range asked for: its server cannot read "
                     "a file in parts"));
  }
  if (answer_.status != 206) return absl::OkStatus();
  const auto it = answer_.headers.find("content-range");
  absl::string_view range = it == answer_.headers.end()
                                ? absl::string_view()
                                : absl::string_view(it->second);
  int64_t first = -1;
  if (!absl::ConsumePrefix(&range, "bytes ") ||
      !absl::SimpleAtoi(range.substr(0, range.find('-')), &first) ||
      first != offset) {
    return absl::FailedPreconditionError(
        absl::StrCat(UrlForMessage(request_.url), " answers another range (\"",
                     range, "\") than the one asked for, from byte ", offset));
  }
  return absl::OkStatus();
}

absl::Status Transfer::CheckSize(int64_t size) const {
  const bool part = answer_.status == 200 || answer_.status == 206;
  if (request_.range_offset && part && size > request_.range_length) {
    return absl::FailedPreconditionError(absl::StrCat(
        UrlForMessage(request_.url), " sends more than the range of ",
        request_.range_length, " bytes asked for"));
  }
  if (size > request_.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        UrlForMessage(request_.url), " is larger than the limit of ",
        request_.max_bytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status Transfer::TakeBody(absl::string_view piece) {
  received_ += static_cast<int64_t>(piece.size());
  if (!wanted_) {
    cut_ = received_ > kMaxDroppedBytes;
    return absl::OkStatus();
  }
  // Counted here too: a chunked body announces no size.
  PB_RETURN_IF_ERROR(CheckSize(received_));
  return sink_.Write(piece);
}

}  // namespace pushbroom
