// The one gate for every reference a user can send: which schemes, hosts,
// addresses and local roots may be reached. Reasons and measurements: OWASP
// SSRF; RFC 6890 and its IPv6 counterparts for the address ranges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sockaddr;

namespace pushbroom {

/// Immutable after construction.
struct UrlPolicyOptions {
  bool allow_http = false;                  // plain http beside https
  std::vector<std::string> allowed_hosts;   // suffixes on a label boundary;
                                            // empty: the public internet
  std::vector<std::string> allowed_networks;  // CIDR, beside public addresses
  std::vector<int> allowed_ports;           // beside 80 and 443
  std::vector<std::string> file_roots;      // absolute; empty: no file:
};

struct CheckedUrl {
  enum class Kind { kHttp, kFile, kUpload };
  Kind kind = Kind::kHttp;
  std::string url;    // kHttp: normalised, without fragment
  std::string path;   // kFile: canonical path below a root; kUpload: its id
};

/// Immutable; thread-safe.
class UrlPolicy {
 public:
  /// kInvalidArgument if a network or a root cannot be understood.
  static absl::StatusOr<UrlPolicy> Create(UrlPolicyOptions options);

  /// Checks everything that can be known before a connection: scheme, user
  /// info, control characters, length, host list, port; and for file: that the
  /// real path (symbolic links followed) is below a root. kPermissionDenied
  /// names the rule; kInvalidArgument if it is no URL; kNotFound if the file
  /// does not exist. Absolute paths are read as file: URLs.
  absl::StatusOr<CheckedUrl> Check(absl::string_view href) const;

  /// Checks a resolved address, at connect time, so that neither DNS
  /// rebinding nor odd spellings of numbers help.
  absl::Status CheckAddress(const sockaddr* address) const;

  const UrlPolicyOptions& options() const { return options_; }

 private:
  struct Network {
    bool v6 = false;
    uint8_t bytes[16] = {};
    int bits = 0;
  };
  UrlPolicyOptions options_;
  std::vector<Network> networks_;
};

}  // namespace pushbroom
