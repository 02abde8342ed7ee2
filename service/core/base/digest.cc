#include "service/core/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pushbroom {
namespace {
constexpr char kSha256Prefix[] = "1220";  // function 0x12, 0x20 bytes
}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::Add(absl::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::Hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_.get(), digest, &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 sha;
  sha.Add(bytes);
  return sha.Hex();
}

absl::StatusOr<std::string> Sha256File(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  Sha256 sha;
  std::vector<char> buffer(1 << 20);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    sha.Add({buffer.data(), static_cast<size_t>(in.gcount())});
  }
  if (in.bad()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return sha.Hex();
}

std::string HmacSha256Hex(absl::string_view key, absl::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       digest, &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

bool ConstantTimeEqual(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Multihash(absl::string_view sha256_hex) {
  return absl::StrCat(kSha256Prefix, sha256_hex);
}

absl::StatusOr<std::string> Sha256FromMultihash(absl::string_view multihash) {
  const std::string text = absl::AsciiStrToLower(multihash);
  for (char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(
          absl::StrCat("file:checksum \"", multihash, "\" is not hexadecimal"));
    }
  }
  if (text.rfind(kSha256Prefix, 0) != 0) {
    return absl::UnimplementedError(
        absl::StrCat("file:checksum \"", multihash,
                     "\" is no SHA-256 multihash (it would begin with 1220)"));
  }
  if (text.size() != 4 + 64) {
    return absl::InvalidArgumentError(absl::StrCat(
        "file:checksum has ", text.size(), " digits, a SHA-256 has 68"));
  }
  return text.substr(4);
}

}  // namespace pushbroom
