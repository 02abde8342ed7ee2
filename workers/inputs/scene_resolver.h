// What a client sent → a Scene. The only place that follows a user's href.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/execute_request.h"
#include "schemas/model.h"
#include "service/core/base/cancellation.h"
#include "service/core/net/http_client.h"
#include "service/core/storage/storage.h"
#include "workers/inputs/scene.h"

namespace pushbroom {

struct ResolverOptions {
  int64_t max_item_bytes = int64_t{4} << 20;
};

/// Thread-safe.
class SceneResolver {
 public:
  /// Both must outlive it; `storage` (for upload: references) may be null.
  SceneResolver(ResolverOptions options, HttpClient& client, Storage* storage);

  /// Follows the references of `input`, finds every band of the model, decides
  /// radiometry. Errors carry the JSON pointer of the input they speak of
  /// ("/inputs/<id>"): kInvalidArgument for what is there but wrong (no raster,
  /// lacks a band: all that are lacking, with what the source has), and the
  /// gate's own codes.
  absl::StatusOr<Scene> Resolve(const ModelInput& input,
                                const std::vector<SceneReference>& references,
                                const ExecuteRequest& request,
                                const CancelToken& cancel);

 private:
  const ResolverOptions options_;
  HttpClient& client_;
  Storage* storage_;
};

}  // namespace pushbroom
