#include "service/core/net/url_parts.h"

#include <curl/curl.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxShown = 200;

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

absl::StatusOr<std::string> Part(CURLU* url, CURLUPart part,
                                 unsigned int flags = 0) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, part, &text, flags);
  if (code != CURLUE_OK) {
    return absl::InvalidArgumentError(curl_url_strerror(code));
  }
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool IsAscii(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_isascii(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

// libcurl would send bytes above 127 as they are.
std::string EncodeNonAscii(absl::string_view url) {
  std::string out;
  out.reserve(url.size());
  for (char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isascii(byte)) {
      out += c;
    } else {
      absl::StrAppend(&out, absl::StrFormat("%%%02X", byte));
    }
  }
  return out;
}

absl::Status Malformed(absl::string_view url, absl::string_view why) {
  // libcurl's texts begin with a capital.
  return absl::InvalidArgumentError(
      absl::StrCat("\"", UrlForMessage(url), "\" is no URL: ",
                   absl::AsciiStrToLower(why.substr(0, 1)), why.substr(1)));
}

}  // namespace

absl::StatusOr<UrlParts> ParseHttpUrl(absl::string_view url) {
  const std::string text(url);
  const CurlUrl handle(curl_url(), &curl_url_cleanup);
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, text.c_str(),
                                      CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) {
    return absl::PermissionDeniedError(
        "user information (name:password@) in a URL is not allowed");
  }
  if (code != CURLUE_OK) return Malformed(url, curl_url_strerror(code));
  curl_url_set(handle.get(), CURLUPART_FRAGMENT, nullptr, 0);

  UrlParts parts;
  PB_ASSIGN_OR_RETURN(parts.scheme, Part(handle.get(), CURLUPART_SCHEME));
  absl::AsciiStrToLower(&parts.scheme);
  PB_ASSIGN_OR_RETURN(parts.host, Part(handle.get(), CURLUPART_HOST));
  absl::AsciiStrToLower(&parts.host);
  if (!IsAscii(parts.host)) {
    return Malformed(url, "the host must be written in ASCII (xn--...)");
  }
  PB_ASSIGN_OR_RETURN(const std::string port,
                      Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (!absl::SimpleAtoi(port, &parts.port)) {
    return Malformed(url, "its port is no number");
  }
  if (Part(handle.get(), CURLUPART_ZONEID).ok()) {
    return Malformed(url, "a zone of an IPv6 address is no part of one");
  }
  curl_url_set(handle.get(), CURLUPART_HOST, parts.host.c_str(), 0);
  PB_ASSIGN_OR_RETURN(parts.url, Part(handle.get(), CURLUPART_URL));
  parts.url = EncodeNonAscii(parts.url);
  return parts;
}

absl::string_view SchemeOf(absl::string_view reference) {
  const size_t end = reference.find(':');
  if (end == absl::string_view::npos || end < 2 ||
      !absl::ascii_isalpha(static_cast<unsigned char>(reference[0]))) {
    return {};
  }
  for (const char c : reference.substr(0, end)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '+' &&
        c != '-' && c != '.') {
      return {};
    }
  }
  return reference.substr(0, end);
}

bool IsWebUrl(absl::string_view reference) {
  const absl::string_view scheme = SchemeOf(reference);
  return absl::EqualsIgnoreCase(scheme, "http") ||
         absl::EqualsIgnoreCase(scheme, "https");
}

absl::StatusOr<std::string> ResolveUrl(const std::string& base,
                                       const std::string& reference) {
  const CurlUrl handle(curl_url(), &curl_url_cleanup);
  CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, base.c_str(), 0);
  if (code != CURLUE_OK) return Malformed(base, curl_url_strerror(code));
  // Any scheme may come out of this: judging it is the policy's work.
  code = curl_url_set(handle.get(), CURLUPART_URL, reference.c_str(),
                      CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE);
  if (code != CURLUE_OK) return Malformed(reference, curl_url_strerror(code));
  auto resolved = Part(handle.get(), CURLUPART_URL, CURLU_NON_SUPPORT_SCHEME);
  if (!resolved.ok()) return Malformed(reference, resolved.status().message());
  return resolved;
}

std::string UrlForMessage(absl::string_view url) {
  const size_t query = url.find('?');
  std::string shown(url.substr(0, query));
  const size_t authority = shown.find("://");
  if (authority != std::string::npos) {
    const size_t end = shown.find('/', authority + 3);
    const size_t at = shown.rfind('@', end);
    if (at != std::string::npos && at > authority) {
      shown.replace(authority + 3, at - authority - 3, "***");
    }
  }
  const bool cut = shown.size() > kMaxShown;
  if (cut) shown.resize(kMaxShown);
  shown = absl::CHexEscape(shown);
  if (cut || query != absl::string_view::npos) shown += "...";
  return shown;
}

}  // namespace pushbroom
