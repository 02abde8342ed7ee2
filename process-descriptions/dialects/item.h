// What every dialect has in common because it is a STAC item: identity,
// context, links, and the asset that is the model.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "process-descriptions/dialects/node.h"
#include "schemas/model.h"

namespace pushbroom {

/// Fills id, item_id, item_href, collection, title, description, version,
/// license, keywords, providers, context, links, doi, citation and extra.
/// kInvalidArgument if the item has no id that a process could have.
absl::Status ReadItem(const Node& item, const std::string& href, Model& model);

/// The key of the asset that is the model's file; empty, with an error
/// diagnostic, if there is none or no way to tell which.
///
/// Candidates have the role mlm:model. Dropped, as long as another is left:
/// source code and texts; then what is no TorchScript; then what is not
/// mlm:compiled; then what is not called model, mlm:model or weights.
std::string ChooseModelAsset(const Node& assets);

/// href (made absolute against `item_href`), types, size and checksum.
/// `properties` may hold file:size by mistake.
ModelArtifact ReadArtifact(const Node& asset, const std::string& key,
                           const Node& properties,
                           const std::string& item_href);

/// True for the artifact types that torch::jit::load reads.
bool IsTorchScriptType(absl::string_view artifact_type);

}  // namespace pushbroom
