// Which band of a scene is which band of the model.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "schemas/model.h"
#include "workers/inputs/source_scene.h"

namespace pushbroom {

/// How a band was found, best first. Position never counts: only a raster of
/// one band for a model of one.
enum class MatchKind {
  kExplicit,  // the client said
  kName,      // exactly
  kNameAnyCase,
  kHead,        // up to " - "
  kCommonName,  // of either side
  kAlias,       // by the table of sensors
  kColor,       // red, green, blue of GDAL
  kAssetKey,    // of an asset without band metadata
  kOnly,        // one band in the model, one in the raster
};

struct BandMatch {
  size_t asset = 0;  // index into the scene's assets
  SourceBand band;
  MatchKind kind = MatchKind::kName;
};

/// One entry per band of `wanted`; absent where nothing matches. Names that
/// several different bands share match nothing, and no band of the scene
/// stands for two of the model unless the client says so.
std::vector<std::optional<BandMatch>> MatchBands(
    const std::vector<ModelBand>& wanted, const SourceScene& scene);

/// Puts what the client mapped in place of what was matched. kInvalidArgument,
/// with a pointer, for bands that the model and assets that the scene lacks.
absl::Status ApplyBindings(const std::map<std::string, BandBinding>& bindings,
                           const std::vector<ModelBand>& wanted,
                           const SourceScene& scene,
                           std::vector<std::optional<BandMatch>>& matches);

}  // namespace pushbroom
