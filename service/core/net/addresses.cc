#include "service/core/net/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

struct Range {
  std::array<uint8_t, 16> prefix;
  int bits;
  const char* name;
};

// The IANA special-purpose registry of IPv4 (RFC 6890 and successors): what is
// not globally reachable, with multicast and the reserved last sixteenth.
constexpr Range kNotPublicV4[] = {
    {{0}, 8, "0.0.0.0/8, this network"},
    {{10}, 8, "10.0.0.0/8, private"},
    {{100, 64}, 10, "100.64.0.0/10, shared by carriers"},
    {{127}, 8, "127.0.0.0/8, loopback"},
    {{169, 254}, 16, "169.254.0.0/16, link-local and instance metadata"},
    {{172, 16}, 12, "172.16.0.0/12, private"},
    {{192, 0, 0}, 24, "192.0.0.0/24, protocol assignments"},
    {{192, 0, 2}, 24, "192.0.2.0/24, documentation"},
    {{192, 88, 99}, 24, "192.88.99.0/24, 6to4 relays"},
    {{192, 168}, 16, "192.168.0.0/16, private"},
    {{198, 18}, 15, "198.18.0.0/15, benchmarks"},
    {{198, 51, 100}, 24, "198.51.100.0/24, documentation"},
    {{203, 0, 113}, 24, "203.0.113.0/24, documentation"},
    {{224}, 4, "224.0.0.0/4, multicast"},
    {{240}, 4, "240.0.0.0/4, reserved"},
};

// IPv6 is the other way round: one range is given out as global unicast, and
// these are its exceptions.
constexpr Range kGlobalUnicastV6 = {{0x20}, 3, "2000::/3"};
constexpr Range kNotPublicV6[] = {
    {{0x20, 0x01, 0x00}, 23, "2001::/23, protocol assignments"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "2001:db8::/32, documentation"},
    {{0x3f, 0xff}, 20, "3fff::/20, documentation"},
};

// An IPv6 range whose addresses carry an IPv4 address at byte `offset`.
struct Carrier {
  Range range;
  int offset;
};
constexpr Range kMappedV4 = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "::ffff:0:0/96"};
constexpr Carrier kCarriers[] = {
    {kMappedV4, 12},
    {{{0x00, 0x64, 0xff, 0x9b}, 96, "64:ff9b::/96"}, 12},
    {{{0x20, 0x02}, 16, "2002::/16"}, 2},
};

bool In(const Range& range, const IpAddress& address) {
  return SamePrefix(range.prefix.data(), address.bytes.data(), range.bits);
}

IpAddress V4At(const IpAddress& carrier, int offset) {
  IpAddress v4;
  std::memcpy(v4.bytes.data(), carrier.bytes.data() + offset, 4);
  return v4;
}

std::optional<std::string> WhyNotPublicV4(const IpAddress& address) {
  for (const Range& range : kNotPublicV4) {
    if (In(range, address)) return range.name;
  }
  return std::nullopt;
}

}  // namespace

std::optional<IpAddress> AddressOf(const sockaddr* address) {
  IpAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    std::memcpy(result.bytes.data(), &v4.sin_addr, 4);
    return result;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, address, sizeof(v6));
  result.v6 = true;
  std::memcpy(result.bytes.data(), &v6.sin6_addr, 16);
  return In(kMappedV4, result) ? V4At(result, 12) : result;
}

std::optional<IpAddress> ParseAddress(absl::string_view text) {
  const std::string terminated(text);
  IpAddress result;
  if (inet_pton(AF_INET, terminated.c_str(), result.bytes.data()) == 1) {
    return result;
  }
  result.v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), result.bytes.data()) == 1) {
    return result;
  }
  return std::nullopt;
}

std::string ToString(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text,
            sizeof(text));
  return text;
}

bool SamePrefix(const uint8_t* a, const uint8_t* b, int bits) {
  const int whole = bits / 8;
  if (std::memcmp(a, b, static_cast<size_t>(whole)) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  return (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

std::optional<std::string> WhyNotPublic(const IpAddress& address) {
  if (!address.v6) return WhyNotPublicV4(address);
  for (const Carrier& carrier : kCarriers) {
    if (!In(carrier.range, address)) continue;
    const IpAddress inner = V4At(address, carrier.offset);
    const std::optional<std::string> why = WhyNotPublicV4(inner);
    if (!why) return std::nullopt;
    return absl::StrCat(carrier.range.name, " carrying ", ToString(inner),
                        ", which is in ", *why);
  }
  if (!In(kGlobalUnicastV6, address)) {
    return "outside 2000::/3, the global unicast range";
  }
  for (const Range& range : kNotPublicV6) {
    if (In(range, address)) return range.name;
  }
  return std::nullopt;
}

}  // namespace pushbroom
