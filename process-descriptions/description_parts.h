// The pieces that Describe puts together. Pure.
#pragma once

#include <string>
#include <vector>

#include "process-descriptions/describe.h"
#include "schemas/model.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// The inputs of the process; `imagery` gets the ids of those that read
/// imagery.
Json DescribeInputs(const Model& model, const DescribeOptions& options,
                    std::vector<std::string>& imagery);

/// Text for people (CommonMark): the author's description, then bands,
/// classes, pixel size, scores and limits.
std::string DescribeInWords(const Model& model);

/// [{"role","title","href"}]: licence, DOI, citation, training data, the item.
Json DescribeMetadata(const Model& model);

/// "blue (0.482 µm)", "B08 (nir, 0.842 µm)".
std::string BandInWords(const ModelBand& band);

/// "10 m" where all bands of all inputs agree on one; empty otherwise.
std::string PixelSizeInWords(const Model& model);

/// The hyperparameter that says where to cut a probability; 0.5 if there is
/// none.
double DefaultThreshold(const Model& model);
bool IsThresholdKey(const std::string& key);

}  // namespace pushbroom
