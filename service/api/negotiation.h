// What a client would like: media type, and whether to wait.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/api/message.h"

namespace pushbroom::api {

inline constexpr char kJsonMedia[] = "application/json";
inline constexpr char kHtmlMedia[] = "text/html";
inline constexpr char kOpenApiMedia[] =
    "application/vnd.oai.openapi+json;version=3.0";

/// The one of `offered` that the client likes best: `f=json|html` first, then
/// Accept with its q values; the first offered where it does not care. Absent
/// if nothing fits (406).
std::optional<std::string> NegotiateMedia(
    const Request& request, const std::vector<std::string>& offered);

/// The 406 of NegotiateMedia.
Response NotAcceptable(const Request& request,
                       const std::vector<std::string>& offered);

/// `Prefer` (RFC 7240), of which we know two.
struct Preferences {
  bool respond_async = false;
  std::optional<absl::Duration> wait;
};
Preferences ParsePrefer(absl::string_view header);

/// True if a body of this Content-Type may be read as JSON; absent counts.
bool IsJsonContent(absl::string_view content_type);

/// "image/tiff" of "Image/TIFF; application=geotiff".
std::string EssenceOf(absl::string_view media_type);

}  // namespace pushbroom::api
