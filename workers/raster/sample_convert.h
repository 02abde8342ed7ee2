// Between GDAL's types and the native types that travel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "gdal.h"
#include "workers/pipeline/strip_source.h"

namespace pushbroom {

/// The smallest native type that holds the values of `type`. kInvalidArgument
/// for complex types.
absl::StatusOr<SampleType> NativeType(GDALDataType type);

/// The smallest native type that holds the values of both.
SampleType CommonType(SampleType a, SampleType b);

GDALDataType GdalType(SampleType type);

/// Clears valid[i] where samples[i] is one of `nodata` or NaN; NaN becomes 0.
void MarkInvalid(SampleType type, void* samples, size_t count,
                 const std::vector<double>& nodata, uint8_t* valid);

/// Stores `values` as `type`: rounded and clamped for integers.
void Store(const float* values, size_t count, SampleType type, void* out);

}  // namespace pushbroom
