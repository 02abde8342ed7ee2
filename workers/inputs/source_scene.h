// What one reference of a client leads to, and which bands it has. STAC Items
// and bare rasters look the same from here on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/core/base/json.h"
#include "workers/inputs/band_labels.h"
#include "workers/inputs/scene.h"
#include "workers/raster/raster_info.h"

namespace pushbroom {

struct SourceBand {
  int number = 1;                 // in its raster
  std::string name, common_name;  // of metadata, or GDAL's description
  std::string color;              // GDAL's colour interpretation
  std::optional<double> nodata, scale, offset;  // as the item says
  bool categorical = false;
};

struct SourceAsset {
  std::string key;                // empty: the bare raster
  std::string href;               // absolute, not yet checked
  std::vector<SourceBand> bands;  // empty: only the raster itself knows
  bool described = false;         // bands come from metadata
  bool for_matching = true;       // no thumbnail, no metadata file
  int preference = 0;             // lower first, where several match
  std::optional<double> gsd;
  // Once it was opened.
  std::string location;
  std::optional<RasterInfo> info;
};

struct SourceScene {
  bool is_item = false;
  std::string label;  // for messages: `item "S2…"`
  SceneSource source;
  std::vector<SourceAsset> assets;
  Json properties = Json::object();  // of the item
  std::string datetime, start_datetime, end_datetime, platform;
  Sensor sensor = Sensor::kUnknown;
  std::vector<std::string> warnings;
};

/// Reads a STAC Item (0.7 to 1.1). `base` is the place it came from: an
/// absolute path, a URL, or empty (by value; then its own `self` link, if that
/// is a web URL). kInvalidArgument for what is no item.
absl::StatusOr<SourceScene> ReadStacItem(const Json& item,
                                         const std::string& base);

/// Takes over what an opened raster says of itself: bands where nothing
/// described them.
void TakeInfo(RasterInfo info, SourceAsset& asset);

/// The scene that is one opened raster.
SourceScene BareRaster(const std::string& href, const std::string& location,
                       RasterInfo info);

/// Real bands, without a mask that is flagged as alpha.
int CountBands(const RasterInfo& info);

}  // namespace pushbroom
