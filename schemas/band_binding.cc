#include "schemas/band_binding.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "schemas/json_schema.h"

namespace pushbroom {

absl::StatusOr<BandBinding> BandBindingFromJson(const Json& json) {
  BandBinding binding;
  if (json.is_number_integer()) {
    binding.band = json.get<int>();
  } else if (json.is_string()) {
    binding.asset = json.get<std::string>();
    const size_t colon = binding.asset.rfind(':');
    int band = 0;
    // Only a number behind the colon is a band: asset keys may have colons.
    if (colon != std::string::npos &&
        absl::SimpleAtoi(binding.asset.substr(colon + 1), &band)) {
      binding.band = band;
      binding.asset.erase(colon);
    }
  } else if (json.is_object()) {
    binding.asset = StringOr(json, "asset");
    if (const Json* band = Find(json, "band")) {
      if (!band->is_number_integer()) {
        return absl::InvalidArgumentError(
            absl::StrCat("expected a band number, got ", QuoteValue(*band)));
      }
      binding.band = band->get<int>();
    }
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected an asset, \"asset:band\", a band number or an object, got ",
        QuoteValue(json)));
  }
  if (binding.band < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("band numbers begin with 1, got ", binding.band));
  }
  return binding;
}

}  // namespace pushbroom
