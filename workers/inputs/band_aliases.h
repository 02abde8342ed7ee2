// What the sensors call their bands: a table.
#pragma once

#include <string>
#include <vector>

namespace pushbroom {

/// kUnknown: of no sensor, or nothing tells.
enum class Sensor { kUnknown, kSentinel2, kLandsatOli, kLandsatTm };

/// One band of a sensor and everything it is called. Numbers as B1, B8A, other
/// names in lower case.
struct BandAlias {
  Sensor sensor;
  const char* number;              // empty in rows for every sensor
  std::vector<const char*> names;  // common names and their relatives
};

const std::vector<BandAlias>& BandAliases();

}  // namespace pushbroom
