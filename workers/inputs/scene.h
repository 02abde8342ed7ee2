// A scene, resolved: for every band of the model the raster band that has it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/core/base/json.h"

namespace pushbroom {

enum class Resampling { kNearest, kBilinear };

struct BandSource {
  // What workers/raster opens: a checked local path, or the /vsigate/ name of
  // a checked URL. Never a user's own string.
  std::string location;
  int band = 1;                  // 1-based
  std::string asset_key;         // of the item; empty for a bare raster
  std::string name;              // of the source band, for people
  std::optional<double> nodata;  // of the item, beside the raster's own
  double scale = 1, offset = 0;  // radiometry to apply to stored values
  Resampling resampling = Resampling::kBilinear;
};

/// One thing the result is derived from.
struct SceneSource {
  std::string href;                 // as the client gave it; may be empty
  std::string item_id, collection;  // of a STAC Item; empty for a raster
  std::string self_href;            // of the item, if it says
};

struct Scene {
  std::vector<BandSource> bands;  // in the order of the model's bands
  int reference = 0;              // the band whose grid is the model's
  // Pixels of the reference that make one pixel of the model along each axis
  // (GridRequest::decimation): 1 unless the model's bands state a coarser gsd
  // and the request has no resolution of its own.
  int decimation = 1;
  std::vector<SceneSource> sources;
  std::string datetime, start_datetime, end_datetime;  // RFC 3339 or empty
  std::string platform;
  std::vector<std::string> warnings;  // for people: goes into the result item
  // What was decided about radiometry, per band, as it is written into the
  // result item: [{"band","scale","offset","origin"}], where origin is
  // "request", "item", "file", or "stored" (fed as they are stored).
  Json radiometry = Json::array();
};

}  // namespace pushbroom
