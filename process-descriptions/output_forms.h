// The ways in which an output tensor becomes results. A new way is one row.
#pragma once

#include <string>

#include "absl/types/span.h"
#include "schemas/model.h"
#include "service/core/base/json.h"

namespace pushbroom {

struct OutputForm {
  const char* name;  // for people
  // Dims decide first, the task second.
  bool (*matches)(const Model& model, const ModelOutput& output);
  // Adds the outputs of the process. nullptr: not served.
  void (*describe)(const ModelOutput& output, Json& outputs);
};

/// In order: the first that matches is meant. The last one matches anything.
absl::Span<const OutputForm> OutputForms();

const OutputForm& FormOf(const Model& model, const ModelOutput& output);

/// Size of the axis that classes stand in: `class`, else `bands`; -1 if free
/// and no classes tell, 0 if there is neither.
int64_t OutputChannels(const ModelOutput& output);

/// True if the one channel of a class raster is a probability that a
/// threshold cuts.
bool IsThresholded(const Model& model);

}  // namespace pushbroom
