// The words of model metadata and what they are called here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "process-descriptions/dialects/node.h"
#include "schemas/model.h"

namespace pushbroom {

/// Lower case, words joined by '-': "Semantic Segmentation" and
/// "semantic_segmentation" → "semantic-segmentation".
std::string Kebab(absl::string_view text);

/// Task names, aliases resolved. An unknown one is kept, with an info.
/// `per_pixel`: the output has height and width.
std::vector<std::string> ReadTasks(const Node& node, bool per_pixel);

/// Canonical dimension names, for a list of names or a string of letters
/// ("bchw"). `shape` tells singleton axes apart; it may be shorter.
Dimensions ReadDimensions(const Node& node, const std::vector<int64_t>& shape);

/// Tensor or band data type by STAC or numpy name; kOther, with an error
/// unless `optional`, where there is none. float32 if nothing is said.
DataType ReadTensorType(const Node& node);

/// "", "cpu", "cuda", "amd-rocm", "xla", "intel-ipex-cpu", "intel-ipex-gpu",
/// "macos-arm"; other names are kept, with a warning.
std::string ReadAccelerator(const Node& node);

/// MLM's resize types; "" for none. Misspellings of known writers resolved.
std::string ReadResize(const Node& node);

/// A hex colour, or [r, g, b] → "RRGGBB"; "" for null and for what is neither.
std::string ReadColor(const Node& node);

/// {format, expression}, a list of them, null, or the strings of the older
/// dialects.
std::vector<ProcessingExpression> ReadExpressions(const Node& node);

/// Class objects or plain names, in the order of the document.
std::vector<ModelClass> ReadClasses(const Node& node);

/// Which class each of `channels` output channels stands for: by value where
/// the values are 0 … channels-1, else by position, else without the nodata
/// class. One channel stands for the positive class. Empty where classes and
/// channels do not fit each other. `channels` < 0: as many as classes.
std::vector<int> MatchChannels(int64_t channels,
                               const std::vector<ModelClass>& classes);

}  // namespace pushbroom
