// Bands of models, short to write.
#pragma once

#include <string>
#include <vector>

#include "schemas/model.h"

namespace pushbroom::testing {

inline ModelBand Band(std::string name, std::string common_name = "") {
  ModelBand band;
  band.name = std::move(name);
  band.common_name = std::move(common_name);
  band.source_dtype = DataType::kUint16;
  return band;
}

inline std::vector<ModelBand> Bands(const std::vector<std::string>& names) {
  std::vector<ModelBand> bands;
  for (const std::string& name : names) bands.push_back(Band(name));
  return bands;
}

/// In the order of the land cover models: B8A after B08.
inline std::vector<ModelBand> SentinelBands() {
  return Bands({"B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A",
                "B09", "B10", "B11", "B12"});
}

}  // namespace pushbroom::testing
