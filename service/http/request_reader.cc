#include "service/http/request_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxFields = 100;
constexpr size_t kMaxChunkLine = 64;  // a size and a short extension
constexpr size_t kMaxTrailer = 4096;

bool IsToken(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) ||
                  absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
                      absl::string_view::npos;
         });
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// False on a broken escape and on the byte 0.
bool PercentDecode(absl::string_view text, bool plus_is_space,
                   std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return false;
    out += c;
  }
  return true;
}

api::Method MethodOf(absl::string_view name) {
  if (name == "GET") return api::Method::kGet;
  if (name == "HEAD") return api::Method::kHead;
  if (name == "POST") return api::Method::kPost;
  if (name == "PUT") return api::Method::kPut;
  if (name == "DELETE") return api::Method::kDelete;
  if (name == "OPTIONS") return api::Method::kOptions;
  return api::Method::kOther;
}

bool IsSaneRequestId(absl::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

RequestReader::State RequestReader::Refuse(int status, std::string reason) {
  phase_ = Phase::kRefused;
  refusal_status_ = status;
  refusal_ = std::move(reason);
  return State::kRefused;
}

RequestReader::State RequestReader::StateNow() const {
  if (phase_ == Phase::kDone) return State::kDone;
  return phase_ == Phase::kRefused ? State::kRefused : State::kMore;
}

void RequestReader::Reset() {
  phase_ = Phase::kHead;
  head_.clear();
  searched_ = 0;
  remaining_ = 0;
  trailer_bytes_ = 0;
  http10_ = false;
  keep_alive_ = true;
  continue_ = surplus_ = false;
  refusal_status_ = 0;
  refusal_.clear();
  request_ = api::Request();
}

bool RequestReader::TakeContinue() {
  return std::exchange(continue_, false) && phase_ != Phase::kDone;
}

RequestReader::State RequestReader::Feed(absl::string_view bytes) {
  if (phase_ == Phase::kRefused) return State::kRefused;
  if (phase_ == Phase::kDone) {
    surplus_ = surplus_ || !bytes.empty();
    return State::kDone;
  }
  if (phase_ == Phase::kHead) {
    // An empty line before a request is tolerated, as RFC 9112 asks.
    while (head_.empty() && !bytes.empty() &&
           (bytes.front() == '\r' || bytes.front() == '\n')) {
      bytes.remove_prefix(1);
    }
    const size_t room = limits_.max_head_bytes + 4 - head_.size();
    const size_t old = head_.size();
    absl::StrAppend(&head_, bytes.substr(0, room));
    const size_t end = head_.find("\r\n\r\n", searched_);
    if (end == std::string::npos) {
      searched_ = head_.size() < 3 ? 0 : head_.size() - 3;
      if (head_.size() > limits_.max_head_bytes) {
        return Refuse(431, absl::StrCat("the head of the request exceeds ",
                                        limits_.max_head_bytes, " bytes"));
      }
      return State::kMore;
    }
    bytes.remove_prefix(end + 4 - old);
    head_.resize(end);
    if (const State state = ParseHead(); state == State::kRefused) {
      return state;
    }
  }
  if (phase_ == Phase::kBody) {
    const size_t count = static_cast<size_t>(
        std::min<int64_t>(remaining_, static_cast<int64_t>(bytes.size())));
    absl::StrAppend(&request_.body, bytes.substr(0, count));
    remaining_ -= static_cast<int64_t>(count);
    bytes.remove_prefix(count);
    if (remaining_ == 0) phase_ = Phase::kDone;
  } else if (phase_ != Phase::kDone) {
    return ReadChunks(bytes);
  }
  if (phase_ == Phase::kDone && !bytes.empty()) surplus_ = true;
  return StateNow();
}

RequestReader::State RequestReader::ParseHead() {
  const std::string head = std::move(head_);
  head_.clear();
  bool first = true;
  size_t fields = 0;
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    if (std::any_of(line.begin(), line.end(), [](unsigned char c) {
          return (c < 0x20 && c != '\t') || c == 0x7f;
        })) {
      return Refuse(400, "the head of the request has control characters");
    }
    const State state = first ? ParseRequestLine(line) : ParseField(line);
    if (state == State::kRefused) return state;
    if (!first && ++fields > kMaxFields) {
      return Refuse(431,
                    absl::StrCat("more than ", kMaxFields, " header fields"));
    }
    first = false;
  }
  return ParseFraming();
}

RequestReader::State RequestReader::ParseRequestLine(absl::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last ||
      !IsToken(line.substr(0, first))) {
    return Refuse(400, "the request line is not \"METHOD target HTTP/1.1\"");
  }
  request_.method = MethodOf(line.substr(0, first));
  const absl::string_view target = line.substr(first + 1, last - first - 1);
  const absl::string_view version = line.substr(last + 1);
  if (version == "HTTP/1.0") {
    http10_ = true;
    keep_alive_ = false;
  } else if (version != "HTTP/1.1") {
    return absl::StartsWith(version, "HTTP/")
               ? Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken")
               : Refuse(400, "the request line names no HTTP version");
  }
  if (target.size() > limits_.max_target_bytes) {
    return Refuse(414, absl::StrCat("the request target exceeds ",
                                    limits_.max_target_bytes, " bytes"));
  }
  if (!ParseTarget(target)) {
    return Refuse(400, "the request target is not a path");
  }
  return State::kMore;
}

bool RequestReader::ParseTarget(absl::string_view target) {
  if (target == "*") {
    request_.path = "*";
    return true;
  }
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (absl::StartsWithIgnoreCase(target, scheme)) {
      const size_t slash = target.find('/', scheme.size());
      target = slash == absl::string_view::npos ? "/" : target.substr(slash);
      break;
    }
  }
  target = target.substr(0, target.find('#'));
  if (!absl::StartsWith(target, "/") ||
      target.find_first_of(" \t") != absl::string_view::npos) {
    return false;
  }
  const size_t question = target.find('?');
  if (!PercentDecode(target.substr(0, question), false, request_.path)) {
    return false;
  }
  if (question == absl::string_view::npos) return true;
  for (const absl::string_view pair :
       absl::StrSplit(target.substr(question + 1), '&', absl::SkipEmpty())) {
    const size_t equals = pair.find('=');
    std::string name, value;
    if (!PercentDecode(pair.substr(0, equals), true, name) ||
        !PercentDecode(equals == absl::string_view::npos
                           ? absl::string_view()
                           : pair.substr(equals + 1),
                       true, value)) {
      return false;
    }
    request_.query.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

RequestReader::State RequestReader::ParseField(absl::string_view line) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Refuse(400, "a header field is not \"name: value\"");
  }
  const std::string name = absl::AsciiStrToLower(line.substr(0, colon));
  const std::string value(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  const auto [it, fresh] = request_.headers.emplace(name, value);
  if (fresh) return State::kMore;
  if (name == "content-length" || name == "host" ||
      name == "transfer-encoding" || name == "authorization") {
    return Refuse(400,
                  absl::StrCat("the header field ", name, " is given twice"));
  }
  absl::StrAppend(&it->second, ", ", value);
  return State::kMore;
}

// How long the body is, and what becomes of the connection.
RequestReader::State RequestReader::ParseFraming() {
  const auto& headers = request_.headers;
  if (!http10_ && headers.count("host") == 0) {
    return Refuse(400, "an HTTP/1.1 request needs the header field Host");
  }
  if (const auto id = headers.find("x-request-id");
      id != headers.end() && IsSaneRequestId(id->second)) {
    request_.request_id = id->second;
  }
  if (const auto it = headers.find("connection"); it != headers.end()) {
    for (absl::string_view option : absl::StrSplit(it->second, ',')) {
      option = absl::StripAsciiWhitespace(option);
      if (absl::EqualsIgnoreCase(option, "close")) keep_alive_ = false;
      if (absl::EqualsIgnoreCase(option, "keep-alive") && http10_) {
        keep_alive_ = true;
      }
    }
  }
  const auto length = headers.find("content-length");
  const auto coding = headers.find("transfer-encoding");
  if (coding != headers.end()) {
    if (length != headers.end() || http10_) {
      return Refuse(400, "Transfer-Encoding contradicts the rest of the head");
    }
    if (!absl::EqualsIgnoreCase(coding->second, "chunked")) {
      return Refuse(501, "the only transfer coding is chunked");
    }
    phase_ = Phase::kChunkSize;
  } else if (length != headers.end()) {
    const std::string& digits = length->second;
    if (digits.empty() || digits.size() > 18 ||
        !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(digits, &remaining_)) {
      return Refuse(400, "Content-Length is not a number of bytes");
    }
    if (remaining_ > limits_.max_body_bytes) {
      return Refuse(413, absl::StrCat("a body of ", remaining_,
                                      " bytes exceeds the limit of ",
                                      limits_.max_body_bytes));
    }
    phase_ = remaining_ > 0 ? Phase::kBody : Phase::kDone;
  } else {
    phase_ = Phase::kDone;
  }
  if (const auto it = headers.find("expect"); it != headers.end()) {
    if (!absl::EqualsIgnoreCase(it->second, "100-continue")) {
      return Refuse(417, "the only expectation met is 100-continue");
    }
    continue_ = phase_ != Phase::kDone && !http10_;
  }
  return State::kMore;
}

RequestReader::State RequestReader::ParseChunkSize() {
  const absl::string_view line =
      absl::string_view(head_).substr(0, head_.find(';'));
  const absl::string_view digits = absl::StripTrailingAsciiWhitespace(line);
  if (digits.empty() || digits.size() > 8 ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    return Refuse(400, "a chunk has no size");
  }
  remaining_ = 0;
  for (const char c : digits) remaining_ = remaining_ * 16 + HexValue(c);
  head_.clear();
  if (static_cast<int64_t>(request_.body.size()) + remaining_ >
      limits_.max_body_bytes) {
    return Refuse(413, absl::StrCat("the body exceeds the limit of ",
                                    limits_.max_body_bytes, " bytes"));
  }
  phase_ = remaining_ > 0 ? Phase::kChunkData : Phase::kTrailer;
  return State::kMore;
}

RequestReader::State RequestReader::ReadChunks(absl::string_view bytes) {
  while (!bytes.empty() && StateNow() == State::kMore) {
    if (phase_ == Phase::kChunkData) {
      const size_t count = static_cast<size_t>(
          std::min<int64_t>(remaining_, static_cast<int64_t>(bytes.size())));
      absl::StrAppend(&request_.body, bytes.substr(0, count));
      remaining_ -= static_cast<int64_t>(count);
      bytes.remove_prefix(count);
      if (remaining_ == 0) phase_ = Phase::kChunkEnd;
      continue;
    }
    // All others are lines.
    const size_t end = bytes.find('\n');
    const size_t count =
        end == absl::string_view::npos ? bytes.size() : end + 1;
    absl::StrAppend(&head_, bytes.substr(0, count));
    bytes.remove_prefix(count);
    trailer_bytes_ += phase_ == Phase::kTrailer ? count : 0;
    if (head_.size() > kMaxChunkLine && phase_ != Phase::kTrailer) {
      return Refuse(400, "the line of a chunk is too long");
    }
    if (trailer_bytes_ > kMaxTrailer) {
      return Refuse(431, "the trailer of the request is too long");
    }
    if (end == absl::string_view::npos) return State::kMore;
    if (!absl::EndsWith(head_, "\r\n")) {
      return Refuse(400, "a line of the chunked body does not end in CR LF");
    }
    head_.resize(head_.size() - 2);
    if (phase_ == Phase::kChunkSize) {
      if (ParseChunkSize() == State::kRefused) return State::kRefused;
    } else if (phase_ == Phase::kChunkEnd) {
      if (!head_.empty()) return Refuse(400, "a chunk is longer than it says");
      phase_ = Phase::kChunkSize;
    } else {
      // Fields of the trailer mean nothing to us.
      if (head_.empty()) phase_ = Phase::kDone;
      head_.clear();
    }
  }
  if (phase_ == Phase::kDone && !bytes.empty()) surplus_ = true;
  return StateNow();
}

}  // namespace pushbroom
