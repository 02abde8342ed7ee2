// The seam where dialects of model metadata come in.
//
// A dialect is one file in this folder that defines a function returning a
// Dialect, and one line in dialects.cc that names the function.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "schemas/diagnostics.h"
#include "schemas/model.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// Why a document is taken for a dialect. Fields are stronger than the URI:
/// tools rewrite URIs without touching the fields.
struct Detection {
  enum class By { kNothing, kUri, kFields };
  By by = By::kNothing;
  std::string version;                // "1.5.2"; empty: the dialect has none
  std::string uri;                    // of stac_extensions, if there is one
  std::vector<std::string> evidence;  // for people, one fact each
};

/// Where the parts of one tensor's description stand in the document: JSON
/// pointers, for diagnostics of checks that see the model only.
struct TensorOrigin {
  std::string whole, shape, dims, bands, scaling, classes;
};

struct Origins {
  std::vector<TensorOrigin> inputs, outputs;  // as in the model
  std::string artifact;                       // the asset
};

/// What a reader gets beside the document, and what it leaves behind.
struct ReadContext {
  const std::string& href;  // ReadOptions::href
  const Detection& detection;
  Diagnostics& diagnostics;
  Origins& origins;
};

struct Dialect {
  const char* family;  // "mlm", "dlm", …
  const char* title;   // for people
  Detection (*detect)(const Json& document);
  // Normalises; fills everything of Model but `dialect` and `diagnostics`, and
  // the origins. Problems are diagnostics; an error Status means that there is
  // nothing to read. nullptr: this program knows the dialect, but cannot read
  // it yet.
  absl::StatusOr<Model> (*read)(const Json& document, ReadContext& context);
};

/// In order of precedence: of equally strong detections the first one wins.
absl::Span<const Dialect> Dialects();

/// `properties` of an item, or the document itself where there are none.
const Json& PropertiesOf(const Json& document);

/// The first of `stac_extensions` (without a trailing '#') in which every one
/// of `parts` occurs in this order; empty if there is none.
std::string ExtensionUri(const Json& document,
                         const std::vector<std::string>& parts);

/// The keys of `object` that begin with `prefix`.
std::vector<std::string> KeysWithPrefix(const Json& object,
                                        absl::string_view prefix);

}  // namespace pushbroom
