// The OpenAPI 3.0 document: which paths there are, and what they answer.
#pragma once

#include <string>

#include "service/api/links.h"
#include "service/core/base/json.h"

namespace pushbroom::api {

Json OpenApiDocument(const std::string& title, const Urls& urls);

}  // namespace pushbroom::api
