// NAME=VALUE of the command line → ExecuteRequest.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "schemas/execute_request.h"

namespace pushbroom {

/// Sets the input that `text` ("NAME=VALUE") names: bbox ("w,s,e,n" or
/// "w,s,e,n,EPSG:n", or the OGC object), bands (JSON as the process takes it;
/// an array names all of `band_names` in order), resolution, overlap,
/// batch_size, threshold, probabilities, radiometry ("auto", "none" or
/// {"scale":…,"offset":…}), radiometry_scale, radiometry_offset, collection,
/// item_id. kInvalidArgument for other names and for values that do not fit.
absl::Status ApplyInput(absl::string_view text,
                        const std::vector<std::string>& band_names,
                        ExecuteRequest& request);

}  // namespace pushbroom
