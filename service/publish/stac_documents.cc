#include "service/publish/stac_documents.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "schemas/geo_types.h"

namespace pushbroom::stac {
namespace {

constexpr char kStacVersion[] = "1.1.0";

using Box = std::array<double, 4>;  // west, south, east, north

std::optional<Box> BoxOf(const Json* bbox) {
  if (!bbox || !bbox->is_array()) return std::nullopt;
  if (bbox->size() != 4 && bbox->size() != 6) return std::nullopt;
  for (const Json& number : *bbox) {
    if (!number.is_number()) return std::nullopt;
  }
  const size_t half = bbox->size() / 2;
  return Box{(*bbox)[0], (*bbox)[1], (*bbox)[half], (*bbox)[half + 1]};
}

// One that crosses the antimeridian has west > east; a union with it would
// have to choose, so the whole circle is taken.
Box Union(Box a, const Box& b) {
  if (a[0] > a[2] || b[0] > b[2]) {
    a[0] = -180;
    a[2] = 180;
  } else {
    a[0] = std::min(a[0], b[0]);
    a[2] = std::max(a[2], b[2]);
  }
  a[1] = std::min(a[1], b[1]);
  a[3] = std::max(a[3], b[3]);
  return a;
}

std::optional<absl::Time> TimeOf(const Json* text) {
  if (!text || !text->is_string()) return std::nullopt;
  const auto time = ParseRfc3339(text->get<std::string>());
  if (!time.ok()) return std::nullopt;
  return *time;
}

TimeInterval IntervalOf(const Json& item) {
  const Json* properties = Find(item, "properties");
  if (!properties) return {};
  const auto at = TimeOf(Find(*properties, "datetime"));
  const auto start = TimeOf(Find(*properties, "start_datetime"));
  const auto end = TimeOf(Find(*properties, "end_datetime"));
  return {start ? start : at, end ? end : at};
}

// extent.<part>.<member>[0], made if it is not as it should be.
Json& First(Json& collection, const char* part, const char* member) {
  Json& extent = collection["extent"];
  if (!extent.is_object()) extent = Json::object();
  Json& object = extent[part];
  if (!object.is_object()) object = Json::object();
  Json& list = object[member];
  if (!list.is_array() || list.empty()) list = Json::array({nullptr});
  return list[0];
}

Json TimeOrNull(const std::optional<absl::Time>& time) {
  return time ? Json(FormatRfc3339(*time)) : Json();
}

}  // namespace

Json Link(const std::string& rel, const std::string& href,
          const std::string& type, const std::string& title) {
  Json link = {{"rel", rel}, {"href", href}, {"type", type}};
  if (!title.empty()) link["title"] = title;
  return link;
}

Json NewCatalog(const std::string& id, const std::string& title,
                const std::string& description) {
  return {{"type", "Catalog"},
          {"stac_version", kStacVersion},
          {"id", id},
          {"title", title},
          {"description", description},
          {"links", Json::array()}};
}

Json NewCollection(const std::string& id) {
  return {{"type", "Collection"},
          {"stac_version", kStacVersion},
          {"id", id},
          {"title", id},
          {"description",
           absl::StrCat("Results of model runs, published into the collection ",
                        id, ".")},
          {"license", "other"},
          {"extent",
           {{"spatial", {{"bbox", Json::array({{-180, -90, 180, 90}})}}},
            {"temporal",
             {{"interval", Json::array({Json::array({nullptr, nullptr})})}}}}},
          {"links", Json::array()}};
}

void SetLink(Json& document, const Json& link) {
  Json& links = document["links"];
  if (!links.is_array()) links = Json::array();
  for (Json& other : links) {
    if (StringOr(other, "rel") == StringOr(link, "rel") &&
        StringOr(other, "href") == StringOr(link, "href")) {
      other = link;
      return;
    }
  }
  links.push_back(link);
}

bool RemoveLinks(Json& document, const std::string& rel,
                 const std::string& href) {
  Json& links = document["links"];
  if (!links.is_array()) links = Json::array();
  Json kept = Json::array();
  for (const Json& link : links) {
    const bool match = StringOr(link, "rel") == rel &&
                       (href.empty() || StringOr(link, "href") == href);
    if (!match) kept.push_back(link);
  }
  const bool removed = kept.size() != links.size();
  links = std::move(kept);
  return removed;
}

bool WidenExtent(Json& collection, const Json& item) {
  const Json before = collection.value("extent", Json());
  // Before the first item the extent is a guess, and no part of the union.
  const Json fresh = NewCollection("")["extent"];
  const bool first = before == fresh;
  if (const auto box = BoxOf(Find(item, "bbox"))) {
    Json& bbox = First(collection, "spatial", "bbox");
    const auto known = first ? std::nullopt : BoxOf(&bbox);
    bbox = known ? Union(*known, *box) : *box;
  }
  const TimeInterval times = IntervalOf(item);
  if (times.start && times.end) {
    Json& interval = First(collection, "temporal", "interval");
    TimeInterval known = times;
    if (interval.is_array() && interval.size() == 2) {
      const auto start = TimeOf(&interval[0]);
      const auto end = TimeOf(&interval[1]);
      if (start) known.start = std::min(*start, *times.start);
      if (end) known.end = std::max(*end, *times.end);
    }
    interval = Json::array({TimeOrNull(known.start), TimeOrNull(known.end)});
  }
  return collection["extent"] != before;
}

}  // namespace pushbroom::stac
