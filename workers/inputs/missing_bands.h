// What to say of bands that were not found.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "workers/inputs/band_matcher.h"

namespace pushbroom {

/// OK if every band has a match; else kInvalidArgument with all that have
/// none, what the scene offers, and how to map them.
absl::Status CheckAllFound(const std::vector<ModelBand>& wanted,
                           const SourceScene& scene,
                           const std::vector<std::optional<BandMatch>>& found);

}  // namespace pushbroom
