#include "service/api/context.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "service/api/negotiation.h"

namespace pushbroom::api {

Response JsonResponse(const Json& body, int status) {
  Response response;
  response.status = status;
  response.content_type = kJsonMedia;
  response.body = DumpJson(body);
  return response;
}

bool ParseCount(const std::string& text, int64_t least, int64_t most,
                int64_t& out) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < least) return false;
  out = std::min(number, most);
  return true;
}

}  // namespace pushbroom::api
