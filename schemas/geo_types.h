// Places and times, as OGC API and STAC write them.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"

namespace pushbroom {

inline constexpr char kCrs84[] = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// A rectangle in the axis order of `crs` made "x, y": longitude first for
/// CRS84. In a geographic CRS min_x > max_x means that it crosses the
/// antimeridian. Heights of six-number boxes are dropped.
struct Bbox {
  double min_x = 0, min_y = 0, max_x = 0, max_y = 0;
  std::string crs = kCrs84;
};

/// OGC `bbox.yaml`: {"bbox":[4 or 6 numbers],"crs":uri?}. kInvalidArgument,
/// with a pointer relative to `json`, on anything else, on NaN and infinities
/// and on min > max (but for x in CRS84).
absl::StatusOr<Bbox> BboxFromJson(const Json& json);
Json ToJson(const Bbox& bbox);

/// The EPSG code behind an OGC URI, a URN, "EPSG:n" or CRS84 (as 4326).
/// kInvalidArgument for anything else.
absl::StatusOr<int> EpsgFromCrs(absl::string_view crs);

/// RFC 3339 in UTC: "2026-11-20T12:00:00Z".
std::string FormatRfc3339(absl::Time time);

/// kInvalidArgument if `text` is no RFC 3339 date-time.
absl::StatusOr<absl::Time> ParseRfc3339(absl::string_view text);

/// A closed interval; an absent end is open.
struct TimeInterval {
  std::optional<absl::Time> start, end;
};

/// OGC `datetime`: a date-time, or "start/end" where an end may be ".." or
/// empty (not both). kInvalidArgument otherwise.
absl::StatusOr<TimeInterval> ParseInterval(absl::string_view text);

}  // namespace pushbroom
