#include "workers/inputs/band_aliases.h"

namespace pushbroom {

// Common names are those of the STAC eo extension, versions 1 and 2. A name
// that several bands of a sensor share ("rededge") is in no row: it tells
// nothing.
const std::vector<BandAlias>& BandAliases() {
  constexpr auto kS2 = Sensor::kSentinel2;
  constexpr auto kOli = Sensor::kLandsatOli;
  constexpr auto kTm = Sensor::kLandsatTm;
  constexpr auto kAny = Sensor::kUnknown;
  static const auto* table = new std::vector<BandAlias>{
      {kS2, "B1", {"coastal", "aerosol", "coastal_aerosol"}},
      {kS2, "B2", {"blue"}},
      {kS2, "B3", {"green"}},
      {kS2, "B4", {"red"}},
      {kS2, "B5", {"rededge1", "rededge071", "red_edge_1"}},
      {kS2, "B6", {"rededge2", "rededge075", "red_edge_2"}},
      {kS2, "B7", {"rededge3", "rededge078", "red_edge_3"}},
      {kS2, "B8", {"nir", "nir_broad"}},
      {kS2, "B8A", {"nir08", "nir_narrow", "narrow_nir"}},
      {kS2, "B9", {"nir09", "water_vapour", "water_vapor"}},
      {kS2, "B10", {"cirrus"}},
      {kS2, "B11", {"swir16", "swir1", "swir_1"}},
      {kS2, "B12", {"swir22", "swir2", "swir_2"}},

      {kOli, "B1", {"coastal", "aerosol", "coastal_aerosol"}},
      {kOli, "B2", {"blue"}},
      {kOli, "B3", {"green"}},
      {kOli, "B4", {"red"}},
      {kOli, "B5", {"nir08", "nir"}},
      {kOli, "B6", {"swir16", "swir1", "swir_1"}},
      {kOli, "B7", {"swir22", "swir2", "swir_2"}},
      {kOli, "B8", {"pan"}},
      {kOli, "B9", {"cirrus"}},
      {kOli, "B10", {"lwir11", "tir1"}},
      {kOli, "B11", {"lwir12", "tir2"}},

      {kTm, "B1", {"blue"}},
      {kTm, "B2", {"green"}},
      {kTm, "B3", {"red"}},
      {kTm, "B4", {"nir08", "nir"}},
      {kTm, "B5", {"swir16", "swir1", "swir_1"}},
      {kTm, "B6", {"lwir", "tir"}},
      {kTm, "B7", {"swir22", "swir2", "swir_2"}},
      {kTm, "B8", {"pan"}},

      {kAny, "", {"coastal", "aerosol", "coastal_aerosol"}},
      {kAny, "", {"swir16", "swir1", "swir_1"}},
      {kAny, "", {"swir22", "swir2", "swir_2"}},
      {kAny, "", {"nir08", "nir_narrow", "narrow_nir"}},
      {kAny, "", {"rededge1", "rededge071", "red_edge_1"}},
      {kAny, "", {"rededge2", "rededge075", "red_edge_2"}},
      {kAny, "", {"rededge3", "rededge078", "red_edge_3"}},
  };
  return *table;
}

}  // namespace pushbroom
