// The body of POST …/execution, checked against the process description: the
// last place where a request is JSON.
#pragma once

#include <string>
#include <vector>

#include "process-descriptions/catalog.h"
#include "schemas/execute_request.h"
#include "service/api/problem.h"
#include "service/core/base/json.h"
#include "service/core/net/url_policy.h"

namespace pushbroom::api {

struct ExecuteContext {
  const ServedProcess& process;
  // Bands of the model's imagery in channel order, for `bands` as an array.
  std::vector<std::string> band_names;
  const UrlPolicy& policy;
};

struct ParsedExecute {
  ExecuteRequest request;          // meaningful only without errors
  std::vector<FieldError> errors;  // every one, in the order of the body
};

/// Inline values are checked against the schemas of the inputs, as they are,
/// qualified ({"value": …, "mediaType": …}) or with a nested `format`; links
/// and STAC Items by value become scenes. What a link leads to is not looked
/// at, only whether it may be followed at all.
ParsedExecute ParseExecute(const Json& body, const ExecuteContext& context);

}  // namespace pushbroom::api
