// Names of bands: how they are compared, and which sensor they speak of.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "workers/inputs/band_aliases.h"

namespace pushbroom {

/// What one band is called.
struct BandLabels {
  std::string name, common_name;
};

/// "B04 - red" → "B04".
std::string HeadOf(absl::string_view name);

/// "B8", "B8A" for "B08", "sr_b8", "B8A_20m"; empty for other names.
std::string NumberOf(absl::string_view name);

/// Of a STAC Item's platform, constellation and instruments, joined by blanks.
Sensor SensorOfPlatform(absl::string_view text);

/// The one sensor whose table holds all of these bands, if numbers and common
/// names leave only one.
Sensor SensorOfBands(const std::vector<BandLabels>& bands);

/// True if both are names of one band in a row of the alias table. Numbers
/// count only for a sensor that is known.
bool AreAliases(const BandLabels& a, Sensor sensor_a, const BandLabels& b,
                Sensor sensor_b);

}  // namespace pushbroom
