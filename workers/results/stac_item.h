// The STAC Item that says what a result is and how it was made. Pure: the same
// facts give the same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "schemas/geo_types.h"
#include "schemas/model.h"
#include "service/core/base/json.h"
#include "workers/inputs/scene.h"
#include "workers/pipeline/pipeline.h"
#include "workers/raster/grid.h"
#include "workers/results/class_table.h"

namespace pushbroom {

inline constexpr char kCogMediaType[] =
    "image/tiff; application=geotiff; profile=cloud-optimized";

/// A raster made by the job.
struct ResultAsset {
  std::string output;  // output id, and the asset's key
  std::string storage_key;
  int64_t size_bytes = 0;
  std::string sha256;  // hex
};

/// What the job was run with: what was asked for, or chosen where it was not.
struct RunParameters {
  int tile = 0, overlap = 0, batch_size = 0;
  std::optional<double> threshold;  // of one-channel models
  std::optional<Bbox> bbox;
  std::optional<double> resolution;
  int decimation = 1;  // pixels of the scene for one, along each axis
  std::string device;  // "cpu"
};

/// Everything that the item tells.
struct ItemFacts {
  std::string id, collection;  // collection may be empty
  Model model;
  std::string model_digest;
  // Where a reader finds the model's description; empty: no link.
  std::string model_href, model_href_type;
  Scene scene;
  Grid grid;
  ClassTable classes;
  PipelineReport report;
  RunParameters parameters;
  std::vector<ResultAsset> assets;
  std::map<std::string, std::string> software;  // name → version
  absl::Time processed;
  double seconds = 0;                 // of the whole job
  std::string job_id;                 // empty: there was no job
  std::string job_url;                // empty: no server to ask
  std::vector<std::string> warnings;  // of the scene and of the run
};

/// STAC 1.1; hrefs of assets are kStorageScheme + key. Extensions are listed
/// where their fields are used; MLM never is, for the item is no model.
/// Without a CRS the geometry is null and a warning says so; without a date of
/// the scene `datetime` is the time of processing, and a warning says so.
Json StacItemFor(const ItemFacts& facts);

/// Share of the valid pixels by class name; empty without valid pixels.
std::map<std::string, double> ClassShares(const ClassTable& classes,
                                          const PipelineReport& report);

}  // namespace pushbroom
