#include "workers/inputs/band_labels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace pushbroom {
namespace {

bool RowHas(const BandAlias& row, absl::string_view name) {
  if (name.empty()) return false;
  const std::string plain = absl::StrReplaceAll(
      absl::AsciiStrToLower(HeadOf(name)), {{"-", "_"}, {" ", "_"}});
  return std::any_of(row.names.begin(), row.names.end(),
                     [&](const char* own) { return plain == own; });
}

// The band is the one of this row, as a band of the row's sensor.
bool IsOfRow(const BandAlias& row, const BandLabels& band, Sensor sensor) {
  if (RowHas(row, band.name) || RowHas(row, band.common_name)) return true;
  if (row.sensor == Sensor::kUnknown || row.sensor != sensor) return false;
  return NumberOf(band.name) == row.number;
}

// Could `band` be one of `sensor`? Bands without a number say nothing.
bool Fits(const BandLabels& band, const std::string& number, Sensor sensor) {
  // Sentinel-2 writes B04, Landsat B4; neither is strict about it but only one
  // of them has reason to pad.
  if (sensor != Sensor::kSentinel2 && absl::StrContains(band.name, "B0")) {
    return false;
  }
  for (const BandAlias& row : BandAliases()) {
    if (row.sensor != sensor || number != row.number) continue;
    if (band.common_name.empty() || RowHas(row, band.common_name)) return true;
    // "rededge" of Sentinel-2 stands for several rows.
    return sensor == Sensor::kSentinel2 &&
           absl::EqualsIgnoreCase(band.common_name, "rededge");
  }
  return false;
}

}  // namespace

std::string HeadOf(absl::string_view name) {
  const size_t dash = name.find(" - ");
  if (dash != absl::string_view::npos) name = name.substr(0, dash);
  return std::string(absl::StripAsciiWhitespace(name));
}

std::string NumberOf(absl::string_view name) {
  std::string text = absl::AsciiStrToUpper(HeadOf(name));
  for (const char* prefix : {"SR_", "ST_", "TOA_"}) {
    if (absl::StartsWith(text, prefix)) text = text.substr(strlen(prefix));
  }
  for (const char* suffix : {".TIF", "_10M", "_15M", "_20M", "_30M", "_60M"}) {
    text = std::string(absl::StripSuffix(text, suffix));
  }
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "B")) return "";
  const absl::string_view letter =
      absl::EndsWith(rest, "A") ? rest.substr(rest.size() - 1) : "";
  rest.remove_suffix(letter.size());
  if (rest.size() > 1) absl::ConsumePrefix(&rest, "0");
  if (rest.empty() || rest.size() > 2 ||
      !std::all_of(rest.begin(), rest.end(), absl::ascii_isdigit)) {
    return "";
  }
  return absl::StrCat("B", rest, letter);
}

Sensor SensorOfPlatform(absl::string_view text) {
  const std::string plain = absl::StrReplaceAll(
      absl::AsciiStrToLower(text), {{"-", ""}, {"_", ""}, {" ", ""}});
  if (absl::StrContains(plain, "sentinel2")) return Sensor::kSentinel2;
  if (absl::StrContains(plain, "landsat8") ||
      absl::StrContains(plain, "landsat9")) {
    return Sensor::kLandsatOli;
  }
  for (const char* name : {"landsat4", "landsat5", "landsat7"}) {
    if (absl::StrContains(plain, name)) return Sensor::kLandsatTm;
  }
  return Sensor::kUnknown;
}

Sensor SensorOfBands(const std::vector<BandLabels>& bands) {
  constexpr std::array<Sensor, 3> kSensors = {
      Sensor::kSentinel2, Sensor::kLandsatOli, Sensor::kLandsatTm};
  Sensor found = Sensor::kUnknown;
  for (const Sensor sensor : kSensors) {
    bool numbered = false, fits = true;
    for (const BandLabels& band : bands) {
      const std::string number = NumberOf(band.name);
      if (number.empty()) continue;
      numbered = true;
      fits = fits && Fits(band, number, sensor);
    }
    if (!numbered) return Sensor::kUnknown;
    if (!fits) continue;
    if (found != Sensor::kUnknown) return Sensor::kUnknown;  // two of them
    found = sensor;
  }
  return found;
}

bool AreAliases(const BandLabels& a, Sensor sensor_a, const BandLabels& b,
                Sensor sensor_b) {
  // Where one side does not say, it is read as the other says.
  if (sensor_a == Sensor::kUnknown) sensor_a = sensor_b;
  if (sensor_b == Sensor::kUnknown) sensor_b = sensor_a;
  for (const BandAlias& row : BandAliases()) {
    // A table of a sensor is of use only for that sensor's bands.
    if (row.sensor != Sensor::kUnknown && row.sensor != sensor_b) continue;
    if (IsOfRow(row, a, sensor_a) && IsOfRow(row, b, sensor_b)) return true;
  }
  return false;
}

}  // namespace pushbroom
