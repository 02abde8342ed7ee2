#include "workers/inputs/radiometry.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "schemas/geo_types.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr char kPointer[] = "/inputs/radiometry";
// Since processing baseline 04.00, in use from this day on, Sentinel-2
// products have 1000 added to every stored value.
constexpr double kOffsetBaseline = 4;
constexpr char kOffsetSince[] = "2022-01-25T00:00:00Z";

bool IsFloat(DataType type) {
  return type == DataType::kFloat16 || type == DataType::kFloat32 ||
         type == DataType::kFloat64;
}

// "…_N0400_…", as in names of Sentinel-2 products.
std::optional<double> BaselineInName(absl::string_view name) {
  for (size_t at = name.find("_N"); at != absl::string_view::npos;
       at = name.find("_N", at + 1)) {
    int digits = 0;
    if (at + 6 <= name.size() &&
        absl::SimpleAtoi(name.substr(at + 2, 4), &digits)) {
      return digits / 100.0;
    }
  }
  return std::nullopt;
}

std::optional<double> Baseline(const SourceScene& scene) {
  for (const char* name : {"s2:processing_baseline", "processing:version"}) {
    double value = 0;
    if (absl::SimpleAtod(StringOr(scene.properties, name), &value)) {
      return value;
    }
  }
  for (const char* name :
       {"s2:product_uri", "sentinel:product_id", "s2:datastrip_id"}) {
    if (auto value = BaselineInName(StringOr(scene.properties, name))) {
      return value;
    }
  }
  return BaselineInName(scene.source.item_id);
}

bool MayHaveOffset(const SourceScene& scene) {
  if (const auto baseline = Baseline(scene)) {
    return *baseline >= kOffsetBaseline;
  }
  const auto time = ParseRfc3339(scene.datetime);
  return time.ok() && *time >= *ParseRfc3339(kOffsetSince);
}

}  // namespace

bool WorksInPhysicalUnits(const ModelBand& band) {
  if (!band.unit.empty()) {
    const std::string unit = absl::AsciiStrToLower(band.unit);
    for (const char* count : {"dn", "digital number", "digital_number",
                              "digital numbers", "count", "counts"}) {
      if (unit == count) return false;
    }
    return true;
  }
  return band.scale.value_or(1) != 1 || band.offset.value_or(0) != 0 ||
         IsFloat(band.source_dtype);
}

absl::StatusOr<Radiometry> DecideRadiometry(const ExecuteRequest& request,
                                            const ModelBand& band,
                                            const BandMatch& match,
                                            const SourceAsset& asset) {
  if (request.radiometry_scale || request.radiometry_offset) {
    return Radiometry{request.radiometry_scale.value_or(1),
                      request.radiometry_offset.value_or(0), "request"};
  }
  if (request.radiometry == "none") return Radiometry{1, 0, "request"};
  if (request.radiometry != "auto") {
    return WithPointer(absl::InvalidArgumentError(
                           absl::StrCat("radiometry \"", request.radiometry,
                                        "\" is neither auto nor none")),
                       kPointer);
  }
  if (!WorksInPhysicalUnits(band)) return Radiometry{1, 0, "stored"};
  if (match.band.scale || match.band.offset) {
    return Radiometry{match.band.scale.value_or(1),
                      match.band.offset.value_or(0), "item"};
  }
  const RasterBandInfo& info = asset.info->bands[match.band.number - 1];
  if (info.scale || info.offset) {
    return Radiometry{info.scale.value_or(1), info.offset.value_or(0), "file"};
  }
  if (IsFloat(DataTypeFromName(info.data_type))) {
    return Radiometry{1, 0, "stored"};
  }
  return WithPointer(
      absl::InvalidArgumentError(absl::StrCat(
          "band ", band.name, " of the model is in ",
          band.unit.empty() ? "physical units" : band.unit, ", but ",
          asset.key.empty() ? asset.href
                            : absl::StrCat("asset \"", asset.key, "\""),
          " stores ", info.data_type,
          " and neither the item nor the file gives a scale: say with the "
          "input \"radiometry\" what stored values mean, as {\"scale\": "
          "0.0001, "
          "\"offset\": 0}, or feed them as they are with \"none\"")),
      kPointer);
}

std::vector<std::string> RadiometryWarnings(
    const SourceScene& scene, const std::vector<BandMatch>& matches) {
  std::vector<std::string> warnings;
  if (!scene.is_item || scene.sensor != Sensor::kSentinel2) return warnings;
  bool silent = false, stated = false;
  for (const BandMatch& match : matches) {
    if (match.band.categorical) continue;
    silent = silent || !match.band.offset;
    stated = stated || match.band.offset.value_or(0) != 0;
  }
  const Json* applied =
      Find(scene.properties, "earthsearch:boa_offset_applied");
  if (applied != nullptr && applied->is_boolean()) {
    if (applied->get<bool>() && stated) {
      warnings.push_back(
          absl::StrCat(scene.label,
                       " says that the offset was applied already, and gives "
                       "one: if the result looks too dark, set radiometry"));
    }
    if (applied->get<bool>()) return warnings;
  }
  if (silent && MayHaveOffset(scene)) {
    warnings.push_back(absl::StrCat(
        scene.label,
        " is Sentinel-2 of processing baseline 04.00 or later, "
        "whose stored values have 1000 added, and it gives no offset: none was "
        "applied; set radiometry if the values were not corrected"));
  }
  return warnings;
}

}  // namespace pushbroom
