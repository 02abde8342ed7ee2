#include "service/core/net/url_policy.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/core/net/addresses.h"
#include "service/core/net/references.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

constexpr char kUploadScheme[] = "upload";

absl::StatusOr<CheckedUrl> CheckUpload(absl::string_view href) {
  const absl::string_view id = href.substr(sizeof(kUploadScheme));
  if (!IsUuid(id)) {
    return Malformed(href, "is no upload: its id must be a lower-case UUID");
  }
  CheckedUrl checked;
  checked.kind = CheckedUrl::Kind::kUpload;
  checked.path = std::string(id);
  return checked;
}

// "example.org" holds itself and "data.example.org", not "badexample.org". A
// listed address has no labels: it holds itself only.
bool HostMatches(const std::string& host, const std::string& listed) {
  if (host == listed) return true;
  return !ParseAddress(host) && !ParseAddress(listed) &&
         absl::EndsWith(host, "." + listed);
}

absl::Status CheckHost(absl::string_view href, std::string host,
                       const std::vector<std::string>& allowed) {
  if (absl::StartsWith(host, "[")) host = host.substr(1, host.size() - 2);
  host = std::string(absl::StripSuffix(host, "."));
  if (host.empty()) return Malformed(href, "names no host");
  if (allowed.empty()) return absl::OkStatus();
  for (const std::string& listed : allowed) {
    if (HostMatches(host, listed)) return absl::OkStatus();
  }
  return Denied(href, absl::StrCat("host ", host, " is not among the allowed ",
                                   absl::StrJoin(allowed, ", ")));
}

absl::StatusOr<CheckedUrl> CheckHttp(absl::string_view href,
                                     const UrlPolicyOptions& options) {
  if (absl::StrContains(href, ' ')) {
    return Malformed(href, "holds a space; write %20");
  }
  PB_ASSIGN_OR_RETURN(UrlParts parts, ParseHttpUrl(href));
  if (parts.scheme == "http" && !options.allow_http) {
    return Denied(href, "plain http is not allowed here, use https");
  }
  PB_RETURN_IF_ERROR(CheckHost(href, parts.host, options.allowed_hosts));
  const std::vector<int>& ports = options.allowed_ports;
  if (parts.port != 80 && parts.port != 443 &&
      std::find(ports.begin(), ports.end(), parts.port) == ports.end()) {
    return Denied(
        href,
        absl::StrCat("port ", parts.port, " is not allowed, only 80, 443",
                     ports.empty() ? "" : ", ", absl::StrJoin(ports, ", ")));
  }
  CheckedUrl checked;
  checked.kind = CheckedUrl::Kind::kHttp;
  checked.url = std::move(parts.url);
  return checked;
}

absl::Status NormaliseHost(std::string& host) {
  std::string text = absl::AsciiStrToLower(host);
  text = std::string(absl::StripSuffix(absl::StripPrefix(text, "."), "."));
  if (text.empty() || text.find_first_of("*/ @") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "allowed host \"", host,
        "\" is no host name; example.org also holds what ends in it"));
  }
  host = std::move(text);
  return absl::OkStatus();
}

// "address/bits"; an address alone is a network of one.
absl::StatusOr<std::pair<IpAddress, int>> ParseNetwork(
    const std::string& text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = ParseAddress(text.substr(0, slash));
  const int all = address && address->v6 ? 128 : 32;
  int bits = all;
  if (!address ||
      (slash != std::string::npos &&
       !absl::SimpleAtoi(text.substr(slash + 1), &bits)) ||
      bits < 0 || bits > all) {
    return absl::InvalidArgumentError(
        absl::StrCat("allowed network \"", text,
                     "\" is no CIDR such as 10.1.0.0/16 or fd12::/48"));
  }
  return std::make_pair(*address, bits);
}

}  // namespace

absl::StatusOr<UrlPolicy> UrlPolicy::Create(UrlPolicyOptions options) {
  UrlPolicy policy;
  for (const std::string& text : options.allowed_networks) {
    PB_ASSIGN_OR_RETURN(const auto parsed, ParseNetwork(text));
    Network network;
    network.v6 = parsed.first.v6;
    std::copy(parsed.first.bytes.begin(), parsed.first.bytes.end(),
              network.bytes);
    network.bits = parsed.second;
    policy.networks_.push_back(network);
  }
  for (std::string& host : options.allowed_hosts) {
    PB_RETURN_IF_ERROR(NormaliseHost(host));
  }
  for (std::string& root : options.file_roots) {
    PB_RETURN_IF_ERROR(CanonicalRoot(root));
  }
  for (int port : options.allowed_ports) {
    if (port < 1 || port > 65535) {
      return absl::InvalidArgumentError(
          absl::StrCat("allowed port ", port, " is not between 1 and 65535"));
    }
  }
  policy.options_ = std::move(options);
  return policy;
}

absl::StatusOr<CheckedUrl> UrlPolicy::Check(absl::string_view href) const {
  PB_RETURN_IF_ERROR(CheckCharacters(href));
  if (href[0] == '/') {
    return CheckFile(href, std::string(href), options_.file_roots);
  }
  const std::string scheme = absl::AsciiStrToLower(SchemeOf(href));
  if (scheme.empty()) {
    return Malformed(href, "is relative; an absolute URL is needed");
  }
  if (scheme == "file") {
    PB_ASSIGN_OR_RETURN(const std::string path, PathOfFileUrl(href));
    return CheckFile(href, path, options_.file_roots);
  }
  if (scheme == kUploadScheme) return CheckUpload(href);
  if (scheme == "http" || scheme == "https") return CheckHttp(href, options_);
  return Denied(
      href,
      absl::StrCat("scheme ", scheme, " is not allowed, only https",
                   options_.allow_http ? ", http" : "", ", file and upload"));
}

absl::Status UrlPolicy::CheckAddress(const sockaddr* address) const {
  const std::optional<IpAddress> ip = AddressOf(address);
  if (!ip) {
    return absl::PermissionDeniedError(
        absl::StrCat("an address of family ", address->sa_family,
                     " is refused: only IPv4 and IPv6 are known"));
  }
  for (const Network& network : networks_) {
    if (network.v6 == ip->v6 &&
        SamePrefix(network.bytes, ip->bytes.data(), network.bits)) {
      return absl::OkStatus();
    }
  }
  const std::optional<std::string> why = WhyNotPublic(*ip);
  if (!why) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "address ", ToString(*ip), " is refused: it is not public (", *why, ")"));
}

}  // namespace pushbroom
