// A model becomes a process: one pure function. Nothing here knows URLs; the
// API adds links.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schemas/model.h"
#include "schemas/model_probe.h"
#include "service/core/base/json.h"

namespace pushbroom {

struct DescribeOptions {
  int overlap = 64;          // default of the input of that name
  int max_batch_size = 64;   // limit of the input of that name
  std::string collection = "pushbroom-results";
};

struct ProcessDescription {
  // process.yaml of OGC API – Processes 1.0 without `links`: id, title,
  // description, version, keywords, metadata, jobControlOptions,
  // outputTransmission, inputs, outputs; schemas use OGC keywords only.
  Json process;
  // processSummary.yaml: the same without inputs and outputs.
  Json summary;
  // Ids of the inputs that read imagery, in the model's order.
  std::vector<std::string> imagery_inputs;
};

/// The same model gives the same bytes: golden files rely on it.
ProcessDescription Describe(const Model& model, const DescribeOptions& options);

/// The built-in test process `echo`: every output repeats the input of the
/// same id, after `pause` seconds.
ProcessDescription DescribeEcho();

/// What this program cannot do with the model, each an error diagnostic:
/// output or input forms that no pipeline serves, formats of expressions that
/// are not evaluated, dtypes, accelerators. Empty: it can be run.
std::vector<Diagnostic> CheckRunnable(const Model& model);

}  // namespace pushbroom
