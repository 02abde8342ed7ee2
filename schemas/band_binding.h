// How a client names the place of one band of the model.
#pragma once

#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// "B04", "image:2", 3, or {"asset": "image", "band": 2}. Only a number behind
/// the last colon is a band: asset keys may have colons. kInvalidArgument for
/// anything else and for band numbers below 1.
absl::StatusOr<BandBinding> BandBindingFromJson(const Json& json);

}  // namespace pushbroom
