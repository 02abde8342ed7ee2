// A STAC item that describes a model → Model, whatever its dialect.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "schemas/diagnostics.h"
#include "schemas/model.h"
#include "service/core/base/json.h"

namespace pushbroom {

struct ReadOptions {
  // Where the document came from: an absolute path or URL, the base of its
  // relative hrefs. Empty: by value, relative hrefs are an error.
  std::string href;
};

/// Reads the document (JSON, leniently, or YAML if `href` ends so), detects
/// its dialect by fields first and URI second, normalises it, and checks it
/// semantically: shape against dims, channels against bands, length of
/// scaling, zero divisors, classes against channels, the artifact. Every
/// problem is in Model::diagnostics; a model with errors among them must not
/// run. An error Status means that the document is no model item at all.
absl::StatusOr<Model> ReadModelItem(absl::string_view document,
                                    const ReadOptions& options);

/// The same for a file.
absl::StatusOr<Model> ReadModelFile(const std::string& path);

}  // namespace pushbroom
