// Between stored values and what a model was trained on. Never guessed: what
// the request, the item or the file says is applied, or nothing.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "schemas/model.h"
#include "workers/inputs/band_matcher.h"
#include "workers/inputs/source_scene.h"

namespace pushbroom {

/// True if the model's band is declared in physical units: it has a unit that
/// is no count, a scale or an offset, or a floating-point data type.
bool WorksInPhysicalUnits(const ModelBand& band);

struct Radiometry {
  double scale = 1, offset = 0;
  std::string origin;  // "request", "item", "file" or "stored"
};

/// What happens to the stored values of one band. kInvalidArgument, with the
/// pointer of the input `radiometry`, where the model works in physical units,
/// the source stores integers and nothing says what they mean.
absl::StatusOr<Radiometry> DecideRadiometry(const ExecuteRequest& request,
                                            const ModelBand& band,
                                            const BandMatch& match,
                                            const SourceAsset& asset);

/// What people should know: a Sentinel-2 offset that the item is silent about,
/// or one that is both applied and stated.
std::vector<std::string> RadiometryWarnings(
    const SourceScene& scene, const std::vector<BandMatch>& matches);

}  // namespace pushbroom
