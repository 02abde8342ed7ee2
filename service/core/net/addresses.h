// Numeric addresses, and which of them belong to the public internet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

struct sockaddr;

namespace pushbroom {

/// An IPv4 or IPv6 address in network order; IPv4 uses the first four bytes.
/// Immutable by convention: a value.
struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
};

/// The address of a connection. An IPv4 address mapped into IPv6
/// (::ffff:0:0/96) comes back as IPv4, for that is where the kernel connects.
/// Absent for every other family.
std::optional<IpAddress> AddressOf(const sockaddr* address);

/// The usual text forms only ("10.0.0.1", "fd00::1"), no odd numbers.
std::optional<IpAddress> ParseAddress(absl::string_view text);

std::string ToString(const IpAddress& address);

/// True if the first `bits` bits are equal.
bool SamePrefix(const uint8_t* a, const uint8_t* b, int bits);

/// The name of the special-purpose range that holds `address`; absent if it is
/// an address of the public internet. Addresses that carry an IPv4 address
/// (NAT64 64:ff9b::/96, 6to4 2002::/16) are judged by that one.
std::optional<std::string> WhyNotPublic(const IpAddress& address);

}  // namespace pushbroom
