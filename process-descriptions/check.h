// Whether what an item says agrees with itself. Pure.
#pragma once

#include "process-descriptions/dialects/dialect.h"
#include "schemas/diagnostics.h"
#include "schemas/model.h"

namespace pushbroom {

/// Every contradiction, each with the pointer of its place in the document
/// that `origins` tells. Codes, all errors but those marked w (warning):
///
///   input-missing, output-missing
///   shape-dims-mismatch      shape and dim_order differ in length
///   shape-size-invalid       a size is 0 or below -1
///   dims-duplicate           a dimension stands twice
///   channels-bands-mismatch  size of the band axis ≠ number of bands
///                            (w where a pre-processing step may change it)
///   bands-axis-missing       several bands, no axis for them
///   bands-missing        w   an axis for bands, no bands
///   scaling-length-mismatch  neither one entry nor one per band
///   scaling-zero-divisor, scaling-empty-range, scaling-not-finite
///   class-value-duplicate, classes-channels-mismatch
///   tasks-missing        w   nothing says what the output is for
void CheckModel(const Model& model, const Origins& origins,
                Diagnostics& diagnostics);

}  // namespace pushbroom
