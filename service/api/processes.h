// The processes: a list, and one description.
#pragma once

#include "service/api/context.h"
#include "service/api/router.h"

namespace pushbroom::api {

Answer ListProcesses(const Context& context, const Request& request);
Answer GetProcess(const Context& context, const Request& request,
                  const PathValues& values);

}  // namespace pushbroom::api
