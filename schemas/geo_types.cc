#include "schemas/geo_types.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/core/base/status.h"

namespace pushbroom {

absl::StatusOr<Bbox> BboxFromJson(const Json& json) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        "a bounding box is an object {\"bbox\": [4 or 6 numbers]}");
  }
  const Json* numbers = Find(json, "bbox");
  if (!numbers || !numbers->is_array() ||
      (numbers->size() != 4 && numbers->size() != 6)) {
    return WithPointer(
        absl::InvalidArgumentError("bbox must be an array of 4 or 6 numbers"),
        "/bbox");
  }
  for (size_t i = 0; i < numbers->size(); ++i) {
    if (!(*numbers)[i].is_number() ||
        !std::isfinite((*numbers)[i].get<double>())) {
      return WithPointer(
          absl::InvalidArgumentError(absl::StrCat(
              "expected a finite number, got ", DumpJson((*numbers)[i]))),
          absl::StrCat("/bbox/", i));
    }
  }
  const size_t half = numbers->size() / 2;
  Bbox bbox;
  bbox.min_x = (*numbers)[0];
  bbox.min_y = (*numbers)[1];
  bbox.max_x = (*numbers)[half];
  bbox.max_y = (*numbers)[half + 1];
  if (const Json* crs = Find(json, "crs")) {
    if (!crs->is_string()) {
      return WithPointer(absl::InvalidArgumentError("crs must be a string"),
                         "/crs");
    }
    bbox.crs = crs->get<std::string>();
    if (auto epsg = EpsgFromCrs(bbox.crs); !epsg.ok()) {
      return WithPointer(epsg.status(), "/crs");
    }
  }
  const bool geographic = *EpsgFromCrs(bbox.crs) == 4326;
  if (bbox.min_y > bbox.max_y) {
    return WithPointer(absl::InvalidArgumentError(
                           absl::StrCat("bbox has its lower edge ", bbox.min_y,
                                        " above its upper edge ", bbox.max_y)),
                       "/bbox");
  }
  if (bbox.min_x > bbox.max_x && !geographic) {
    return WithPointer(absl::InvalidArgumentError(absl::StrCat(
                           "bbox has its left edge ", bbox.min_x,
                           " right of its right edge ", bbox.max_x)),
                       "/bbox");
  }
  return bbox;
}

Json ToJson(const Bbox& bbox) {
  return {{"bbox", {bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y}},
          {"crs", bbox.crs}};
}

absl::StatusOr<int> EpsgFromCrs(absl::string_view crs) {
  if (absl::EndsWith(crs, "/CRS84") || absl::EndsWith(crs, ":CRS84") ||
      absl::EndsWith(crs, "/CRS84h") || crs == "CRS84") {
    return 4326;
  }
  const bool known = absl::StartsWithIgnoreCase(crs, "EPSG:") ||
                     absl::StrContains(crs, "/EPSG/") ||
                     absl::StartsWithIgnoreCase(crs, "urn:ogc:def:crs:EPSG:");
  const size_t cut = crs.find_last_of("/:");
  int code = 0;
  if (!known || cut == absl::string_view::npos ||
      !absl::SimpleAtoi(crs.substr(cut + 1), &code) || code <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown coordinate reference system \"", crs,
                     "\"; expected CRS84 or an EPSG code"));
  }
  return code;
}

std::string FormatRfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> ParseRfc3339(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no RFC 3339 date-time"));
  }
  return time;
}

absl::StatusOr<TimeInterval> ParseInterval(absl::string_view text) {
  TimeInterval interval;
  const size_t slash = text.find('/');
  if (slash == absl::string_view::npos) {
    PB_ASSIGN_OR_RETURN(const absl::Time time, ParseRfc3339(text));
    interval.start = interval.end = time;
    return interval;
  }
  const absl::string_view first = text.substr(0, slash);
  const absl::string_view second = text.substr(slash + 1);
  if (!first.empty() && first != "..") {
    PB_ASSIGN_OR_RETURN(interval.start, ParseRfc3339(first));
  }
  if (!second.empty() && second != "..") {
    PB_ASSIGN_OR_RETURN(interval.end, ParseRfc3339(second));
  }
  if (!interval.start && !interval.end) {
    return absl::InvalidArgumentError("datetime is open at both ends");
  }
  if (interval.start && interval.end && *interval.start > *interval.end) {
    return absl::InvalidArgumentError("datetime ends before it begins");
  }
  return interval;
}

}  // namespace pushbroom
