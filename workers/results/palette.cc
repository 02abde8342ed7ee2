#include "workers/results/palette.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

// Eight that stay apart for colour-blind readers (Okabe and Ito, 2008), in an
// order that gives two-class rasters a quiet first and a loud second colour.
constexpr Rgb kFirst[] = {{0x99, 0x99, 0x99}, {0xE6, 0x9F, 0x00},
                          {0x56, 0xB4, 0xE9}, {0x00, 0x9E, 0x73},
                          {0xF0, 0xE4, 0x42}, {0x00, 0x72, 0xB2},
                          {0xD5, 0x5E, 0x00}, {0xCC, 0x79, 0xA7}};
constexpr size_t kFirstCount = sizeof(kFirst) / sizeof(kFirst[0]);

uint8_t Channel(double hue, double saturation, double value, int n) {
  const double k = std::fmod(n + hue / 60.0, 6.0);
  const double ramp = std::clamp(std::fmin(k, 4.0 - k), 0.0, 1.0);
  return static_cast<uint8_t>(
      std::lround(255.0 * value * (1.0 - saturation * ramp)));
}

}  // namespace

Rgb PaletteColor(size_t index) {
  if (index < kFirstCount) return kFirst[index];
  // Steps of the golden angle never come close to an earlier hue soon; two
  // brightnesses tell apart those that do.
  const size_t n = index - kFirstCount;
  const double hue = std::fmod(static_cast<double>(n) * 137.50776405, 360.0);
  const double value = n % 2 == 0 ? 0.9 : 0.6;
  return {Channel(hue, 0.7, value, 5), Channel(hue, 0.7, value, 3),
          Channel(hue, 0.7, value, 1)};
}

std::optional<Rgb> ParseColor(absl::string_view hex) {
  hex = absl::StripPrefix(hex, "#");
  uint32_t value = 0;
  if (hex.size() != 6) return std::nullopt;
  for (const char c : hex) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
  }
  if (!absl::SimpleHexAtoi(hex, &value)) return std::nullopt;
  return Rgb{static_cast<uint8_t>(value >> 16),
             static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

std::string FormatColor(const Rgb& color) {
  return absl::StrFormat("%02X%02X%02X", color[0], color[1], color[2]);
}

}  // namespace pushbroom
