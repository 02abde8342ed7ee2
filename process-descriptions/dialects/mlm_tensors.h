// mlm:input and mlm:output of MLM 1.x.
#pragma once

#include "process-descriptions/dialects/bands.h"
#include "process-descriptions/dialects/dialect.h"
#include "process-descriptions/dialects/node.h"
#include "schemas/model.h"

namespace pushbroom {

/// One element of mlm:input. `segmentation`: of the model's tasks; such a
/// model with tiles of a few pixels is not believed.
ModelInput ReadMlmInput(const Node& node, const BandDefinitions& bands,
                        bool segmentation, TensorOrigin& origin);

/// One element of mlm:output.
ModelOutput ReadMlmOutput(const Node& node, TensorOrigin& origin);

}  // namespace pushbroom
