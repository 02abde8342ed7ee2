// The links of a result item: what it is derived from, and what made it.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "workers/results/stac_item.h"

namespace pushbroom {

Json LinksFor(const ItemFacts& facts);

/// `href` without user info and without the query parameters that carry
/// credentials (signatures and tokens of object stores): an item is public for
/// longer than they should be.
std::string WithoutCredentials(absl::string_view href);

}  // namespace pushbroom
