// Redirects are followed by us, not by libcurl, so that each hop passes the
// gate again. Pure functions.
#pragma once

#include "absl/status/statusor.h"
#include "service/core/net/http_client.h"

namespace pushbroom {

/// True for 301, 302, 303, 307 and 308 with a Location.
bool IsRedirect(const HttpResponse& response);

/// The request that follows `hop`, which was answered by the redirect
/// `answer`: checked by `policy`, never from https to http, without a body
/// where the status asks for GET, and without the caller's own headers where
/// it leads to another scheme, host or port. Carries no redirect count.
absl::StatusOr<HttpRequest> NextHop(const UrlPolicy& policy,
                                    const HttpRequest& hop,
                                    const HttpResponse& answer);

}  // namespace pushbroom
