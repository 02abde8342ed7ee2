#include "service/core/httpd/http_range.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

// Digits only; what is too large for 64 bits is the largest number.
bool ParseDigits(absl::string_view text, int64_t* number) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (text.empty()) return false;
  *number = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    const int digit = c - '0';
    *number = *number > (kMost - digit) / 10 ? kMost : *number * 10 + digit;
  }
  return true;
}

}  // namespace

ByteRange ParseRange(absl::string_view header, int64_t size) {
  ByteRange whole;
  whole.end = size;
  absl::string_view text = absl::StripAsciiWhitespace(header);
  constexpr absl::string_view kUnit = "bytes=";
  if (!absl::StartsWithIgnoreCase(text, kUnit) ||
      absl::StrContains(text, ",")) {
    return whole;
  }
  text = absl::StripAsciiWhitespace(text.substr(kUnit.size()));
  const size_t dash = text.find('-');
  if (dash == absl::string_view::npos) return whole;
  const absl::string_view first = text.substr(0, dash);
  const absl::string_view last = text.substr(dash + 1);
  ByteRange part;
  part.kind = ByteRange::Kind::kPart;
  int64_t number = 0;
  if (first.empty()) {  // the last `number` bytes
    if (!ParseDigits(last, &number)) return whole;
    part.begin = size - std::min(size, number);
    part.end = size;
  } else {
    if (!ParseDigits(first, &part.begin)) return whole;
    part.end = size;
    if (!last.empty()) {
      if (!ParseDigits(last, &number) || number < part.begin) return whole;
      if (number < size) part.end = number + 1;
    }
  }
  if (part.begin >= part.end) {
    part = ByteRange();
    part.kind = ByteRange::Kind::kUnsatisfiable;
  }
  return part;
}

}  // namespace pushbroom
