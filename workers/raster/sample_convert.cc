#include "workers/raster/sample_convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

template <typename T>
void MarkInvalidOf(T* samples, size_t count, const std::vector<double>& nodata,
                   uint8_t* valid) {
  for (const double value : nodata) {
    T typed{};
    if constexpr (std::is_integral_v<T>) {
      // A value that the type cannot hold stands nowhere in the raster.
      if (!(value >= static_cast<double>(std::numeric_limits<T>::min()) &&
            value <= static_cast<double>(std::numeric_limits<T>::max())) ||
          value != std::floor(value)) {
        continue;
      }
    } else {
      if (std::isnan(value)) continue;  // below, for every float
    }
    if constexpr (std::is_integral_v<T>) {
      typed = static_cast<T>(value);
    } else {
      // Written with fewer digits, the lowest float is below the lowest float.
      constexpr double kMax = std::numeric_limits<T>::max();
      typed = std::isinf(value)
                  ? static_cast<T>(value)
                  : static_cast<T>(std::clamp(value, -kMax, kMax));
    }
    for (size_t i = 0; i < count; ++i) {
      valid[i] = static_cast<uint8_t>(valid[i] & (samples[i] != typed ? 1 : 0));
    }
  }
  if constexpr (!std::is_integral_v<T>) {
    for (size_t i = 0; i < count; ++i) {
      if (std::isnan(samples[i])) {
        samples[i] = 0;
        valid[i] = 0;
      }
    }
  }
}

template <typename T>
void StoreOf(const float* values, size_t count, T* out) {
  constexpr auto kLow = static_cast<float>(std::numeric_limits<T>::min());
  constexpr auto kHigh = static_cast<float>(std::numeric_limits<T>::max());
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<T>(std::clamp(std::nearbyint(values[i]), kLow, kHigh));
  }
}

}  // namespace

absl::StatusOr<SampleType> NativeType(GDALDataType type) {
  if (GDALDataTypeIsComplex(type)) {
    return absl::InvalidArgumentError(absl::StrCat("has complex samples (",
                                                   GDALGetDataTypeName(type),
                                                   "), which no model reads"));
  }
  switch (type) {
    case GDT_Byte:
      return SampleType::kUint8;
    case GDT_UInt16:
      return SampleType::kUint16;
    case GDT_Int16:
      return SampleType::kInt16;
    default:
      break;
  }
#if GDAL_VERSION_NUM >= 3070000
  if (type == GDT_Int8) return SampleType::kInt16;
#endif
  return SampleType::kFloat32;
}

SampleType CommonType(SampleType a, SampleType b) {
  if (a == b) return a;
  if (a == SampleType::kUint8 && b != SampleType::kFloat32) return b;
  if (b == SampleType::kUint8 && a != SampleType::kFloat32) return a;
  return SampleType::kFloat32;
}

GDALDataType GdalType(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return GDT_Byte;
    case SampleType::kUint16:
      return GDT_UInt16;
    case SampleType::kInt16:
      return GDT_Int16;
    case SampleType::kFloat32:
      return GDT_Float32;
  }
  return GDT_Float32;
}

void MarkInvalid(SampleType type, void* samples, size_t count,
                 const std::vector<double>& nodata, uint8_t* valid) {
  switch (type) {
    case SampleType::kUint8:
      return MarkInvalidOf(static_cast<uint8_t*>(samples), count, nodata,
                           valid);
    case SampleType::kUint16:
      return MarkInvalidOf(static_cast<uint16_t*>(samples), count, nodata,
                           valid);
    case SampleType::kInt16:
      return MarkInvalidOf(static_cast<int16_t*>(samples), count, nodata,
                           valid);
    case SampleType::kFloat32:
      return MarkInvalidOf(static_cast<float*>(samples), count, nodata, valid);
  }
}

void Store(const float* values, size_t count, SampleType type, void* out) {
  switch (type) {
    case SampleType::kUint8:
      return StoreOf(values, count, static_cast<uint8_t*>(out));
    case SampleType::kUint16:
      return StoreOf(values, count, static_cast<uint16_t*>(out));
    case SampleType::kInt16:
      return StoreOf(values, count, static_cast<int16_t*>(out));
    case SampleType::kFloat32:
      std::memcpy(out, values, count * sizeof(float));
      return;
  }
}

}  // namespace pushbroom
