// From a client's reference to what it leads to: always through the gate.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "schemas/execute_request.h"
#include "service/core/base/cancellation.h"
#include "service/core/base/json.h"
#include "service/core/net/http_client.h"
#include "service/core/net/url_parts.h"
#include "service/core/storage/storage.h"

namespace pushbroom {

/// An asset's `href` made absolute. `base` is the place of its item (an
/// absolute path or a web URL); empty if it has none. `fetched`: the item came
/// from there, so that one from the web may not name files of this machine
/// (kPermissionDenied). kInvalidArgument: relative without a base.
absl::StatusOr<std::string> AssetHref(const std::string& base, bool fetched,
                                      const std::string& href);

/// Either a document (`json` is not null) or a raster.
struct Followed {
  Json json;
  std::string base;      // where the document came from: path or URL
  std::string location;  // what workers/raster opens
};

/// Thread-safe.
class Follower {
 public:
  /// All must outlive it; `storage` may be null.
  Follower(int64_t max_item_bytes, HttpClient& client, Storage* storage)
      : max_item_bytes_(max_item_bytes), client_(client), storage_(storage) {}

  /// What `reference.href` is: JSON is known by its media type, its name, or
  /// its first bytes. Errors of the gate; kResourceExhausted for a document
  /// that is too large; kInvalidArgument for one that is no JSON.
  absl::StatusOr<Followed> Follow(const SceneReference& reference,
                                  const CancelToken& cancel);

  /// The location of a raster that an item names.
  absl::StatusOr<std::string> Locate(const std::string& href);

 private:
  absl::StatusOr<std::string> UploadPath(const std::string& id);
  absl::StatusOr<bool> WebHasJson(const std::string& url,
                                  const std::string& type,
                                  const CancelToken& cancel);

  const int64_t max_item_bytes_;
  HttpClient& client_;
  Storage* storage_;
};

}  // namespace pushbroom
