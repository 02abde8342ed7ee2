// Remote rasters, window by window, through the URL gate: a GDAL file system
// of our own, so that GDAL itself never reaches the network.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/core/net/http_client.h"

namespace pushbroom {

/// Installs "/vsigate/" for the process. `client` must outlive every dataset.
/// Calling it again replaces the client.
void InstallGatedVsi(HttpClient& client);

/// The name by which GDAL opens `url`, which the policy has checked.
std::string GatedName(const std::string& url);

/// Why the last open of `name` failed on the way (policy, 404, time-out); OK if
/// it did not. GDAL itself only says "no such file".
absl::Status GatedError(const std::string& name);

}  // namespace pushbroom
