// The files that `run` may read and those that it leaves.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "schemas/job_result.h"
#include "service/core/net/url_policy.h"
#include "service/core/storage/storage.h"

namespace pushbroom {

/// The scene as typed: URLs stay, paths become absolute. kNotFound if there is
/// no such file.
absl::StatusOr<SceneReference> SceneFromArgument(const std::string& argument);

/// Lets the scene's own directory be read, and those of the local files that
/// it names if it is a STAC Item: the operator typed it. A scene by http also
/// allows http.
absl::Status AllowScene(const SceneReference& scene, UrlPolicyOptions& urls);

/// Moves the result's rasters into `directory` under their own names and
/// writes item.json with hrefs relative to it. Gives path by output id; "item"
/// is that of item.json.
absl::StatusOr<std::map<std::string, std::string>> DeliverInto(
    const std::string& directory, const JobResult& result, Storage& storage);

}  // namespace pushbroom
