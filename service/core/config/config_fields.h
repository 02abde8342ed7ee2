// Which key is which member of Config: said once, for reading and writing.
#pragma once

#include "service/core/base/json.h"
#include "service/core/config/config.h"

namespace pushbroom {

/// `json` was checked against the schema; every key is there.
Config ConfigFromChecked(const Json& json);

Json ConfigToJson(const Config& config);

}  // namespace pushbroom
