// Colours for classes whose model names none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pushbroom {

using Rgb = std::array<uint8_t, 3>;

/// The colour of the class at `index`: the same for ever, and well apart for
/// neighbouring indices.
Rgb PaletteColor(size_t index);

/// "RRGGBB", either case, with or without '#'; absent if it is no colour.
std::optional<Rgb> ParseColor(absl::string_view hex);

/// "RRGGBB"
std::string FormatColor(const Rgb& color);

}  // namespace pushbroom
