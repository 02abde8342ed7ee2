// Digests and signatures; the only user of OpenSSL's digests.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace pushbroom {

/// SHA-256 of bytes that come in pieces. Thread-compatible.
class Sha256 {
 public:
  Sha256();
  void Add(absl::string_view bytes);
  /// 64 lower-case hex digits; call it once, last.
  std::string Hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

/// SHA-256 of `bytes`, 64 lower-case hex digits.
std::string Sha256Hex(absl::string_view bytes);

/// SHA-256 of a file's content. kNotFound if it cannot be read.
absl::StatusOr<std::string> Sha256File(const std::string& path);

/// HMAC-SHA-256, 64 lower-case hex digits.
std::string HmacSha256Hex(absl::string_view key, absl::string_view message);

/// Compares in a time that does not depend on where they differ.
bool ConstantTimeEqual(absl::string_view a, absl::string_view b);

/// The STAC `file:checksum` of a SHA-256: multihash "1220" + hex digits.
std::string Multihash(absl::string_view sha256_hex);

/// The SHA-256 inside a `file:checksum`. kInvalidArgument if it is no
/// multihash; kUnimplemented if it is one of another function.
absl::StatusOr<std::string> Sha256FromMultihash(absl::string_view multihash);

}  // namespace pushbroom
