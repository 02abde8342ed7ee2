// What every resource of the API works with.
#pragma once

#include "service/api/api.h"
#include "service/api/links.h"

namespace pushbroom::api {

/// Immutable; what it refers to is thread-safe.
struct Context {
  Options options;
  Dependencies deps;
  Urls urls;
};

/// 200 and a JSON body.
Response JsonResponse(const Json& body, int status = 200);

/// True for a page number or a limit; `out` stays as it is if `text` is none.
/// Values above `most` become `most`.
bool ParseCount(const std::string& text, int64_t least, int64_t most,
                int64_t& out);

}  // namespace pushbroom::api
