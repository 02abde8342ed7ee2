// The STAC documents around result items, as pure functions on JSON.
#pragma once

#include <string>

#include "service/core/base/json.h"

namespace pushbroom::stac {

inline constexpr char kJsonType[] = "application/json";
inline constexpr char kGeoJsonType[] = "application/geo+json";

Json Link(const std::string& rel, const std::string& href,
          const std::string& type, const std::string& title = "");

/// {"type":"Catalog",…} with no links.
Json NewCatalog(const std::string& id, const std::string& title,
                const std::string& description);

/// {"type":"Collection",…} with an unknown extent and no links.
Json NewCollection(const std::string& id);

/// Adds the link, or puts it where the one of its rel and href is, so that
/// doing it twice changes nothing.
void SetLink(Json& document, const Json& link);

/// Removes the links of `rel`, with `href` if it is not empty; true if any.
bool RemoveLinks(Json& document, const std::string& rel,
                 const std::string& href = "");

/// Widens the collection's extent so that it covers the item; true if it
/// changed. An item without bbox or time leaves that part alone.
bool WidenExtent(Json& collection, const Json& item);

}  // namespace pushbroom::stac
