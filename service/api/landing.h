// The landing page, the conformance declaration, the API definition.
#pragma once

#include "service/api/context.h"
#include "service/api/router.h"

namespace pushbroom::api {

Answer GetLanding(const Context& context, const Request& request);
Answer GetConformance(const Context& context, const Request& request);
Answer GetApiDefinition(const Context& context, const Request& request);

}  // namespace pushbroom::api
