#include "process-descriptions/dialects/item.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "process-descriptions/href.h"
#include "service/core/base/digest.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// Properties that say how good a model is and what it is not for, whoever
// named them: our own, and those in whose name one of these words occurs.
constexpr absl::string_view kQualityWords[] = {
    "score",      "metric",     "accuracy",     "quality",     "performance",
    "evaluation", "limitation", "intended_use", "out_of_scope"};

bool IsQuality(absl::string_view key) {
  if (absl::StartsWith(key, "mlm:")) return false;
  if (absl::StartsWith(key, "pushbroom:")) return true;
  const std::string lower = absl::AsciiStrToLower(key);
  for (absl::string_view word : kQualityWords) {
    if (absl::StrContains(lower, word)) return true;
  }
  return false;
}

void ReadBbox(const Node& node, Model& model) {
  if (!node) return;
  std::vector<double> box;
  for (const Node& element : node.Elements()) {
    if (auto number = element.Number()) box.push_back(*number);
  }
  if (box.size() != 4 && box.size() != 6) {
    node.Warn("bbox-unusable", absl::StrCat("a bbox has 4 or 6 numbers, not ",
                                            box.size(), "; it is dropped"));
    return;
  }
  const size_t top = box.size() / 2;
  const auto latitudes_fit = [&] {
    return std::abs(box[1]) <= 90 && std::abs(box[top + 1]) <= 90;
  };
  if (!latitudes_fit()) {
    std::swap(box[0], box[1]);
    std::swap(box[top], box[top + 1]);
    if (!latitudes_fit() || std::abs(box[0]) > 180 ||
        std::abs(box[top]) > 180) {
      node.Warn("bbox-unusable", "the bbox is not in degrees; it is dropped");
      return;
    }
    node.Warn("bbox-swapped", "latitude stands before longitude; read swapped");
  }
  model.bbox = std::move(box);
}

void ReadContextOfUse(const Node& item, const Node& properties, Model& model) {
  if (const Node geometry = item["geometry"]; geometry.json().is_object()) {
    model.geometry = geometry.json();
  }
  ReadBbox(item["bbox"], model);
  model.start_datetime = properties["start_datetime"].Text();
  model.end_datetime = properties["end_datetime"].Text();
  if (model.start_datetime.empty() && model.end_datetime.empty()) {
    model.start_datetime = properties["datetime"].Text();
    model.end_datetime = model.start_datetime;
  }
}

void ReadLinks(const Node& links, const std::string& base, Model& model) {
  for (const Node& node : links.Elements()) {
    if (!node.json().is_object()) continue;
    ModelLink link{node["rel"].Text(), node["href"].Text(), node["type"].Text(),
                   node["title"].Text()};
    // Relative links of a local item stay as they are: the path of this
    // machine says nothing to who reads the description.
    if (IsWebUrl(base)) {
      if (auto href = ResolveHref(base, link.href); href.ok()) {
        link.href = *std::move(href);
      }
    }
    if (!link.href.empty()) model.links.push_back(std::move(link));
  }
}

bool HasRole(const Node& asset, absl::string_view wanted) {
  for (const std::string& role : asset.FirstOf({"roles", "role"}).Texts()) {
    if (absl::EqualsIgnoreCase(role, wanted)) return true;
  }
  return false;
}

using Candidates = std::vector<std::pair<std::string, Node>>;

// Keeps what `keep` says, unless that is nothing.
template <typename Keep>
void Prefer(Candidates& candidates, Keep keep) {
  Candidates kept;
  for (const auto& candidate : candidates) {
    if (keep(candidate.first, candidate.second)) kept.push_back(candidate);
  }
  if (!kept.empty()) candidates = std::move(kept);
}

}  // namespace

bool IsTorchScriptType(absl::string_view artifact_type) {
  for (absl::string_view known : {"torch.jit.save", "torch.jit.script",
                                  "torch.jit.trace", "torchscript"}) {
    if (absl::EqualsIgnoreCase(artifact_type, known)) return true;
  }
  return false;
}

absl::Status ReadItem(const Node& item, const std::string& href, Model& model) {
  const Node properties =
      item["properties"].json().is_object() ? item["properties"] : item;
  model.item_id = item["id"].Text();
  model.id = ToId(model.item_id);
  if (model.id.empty()) {
    return WithPointer(
        absl::InvalidArgumentError(absl::StrCat(
            "the item's id \"", model.item_id, "\" makes no process id")),
        "/id");
  }
  if (model.id != model.item_id) {
    item["id"].Info("id-changed",
                    absl::StrCat("the process is called ", model.id));
  }
  model.item_href = href;
  model.collection = item["collection"].Text();
  model.title = properties["title"].Text();
  model.description = properties["description"].Text();
  model.version = properties["version"].Text();
  model.license = properties["license"].Text();
  model.keywords = properties["keywords"].Texts();
  if (const Node providers = properties["providers"];
      providers.json().is_array()) {
    model.providers = providers.json();
  }
  ReadContextOfUse(item, properties, model);
  ReadLinks(item["links"], href, model);
  model.doi = properties["sci:doi"].Text();
  model.citation = properties["sci:citation"].Text();
  for (const auto& [key, value] : properties.Members()) {
    if (value && IsQuality(key)) model.extra[key] = value.json();
  }
  return absl::OkStatus();
}

std::string ChooseModelAsset(const Node& assets) {
  Candidates candidates;
  for (const auto& asset : assets.Members()) {
    if (HasRole(asset.second, "mlm:model")) candidates.push_back(asset);
  }
  if (candidates.empty()) {
    for (const auto& asset : assets.Members()) {
      if (asset.second["mlm:artifact_type"]) candidates.push_back(asset);
    }
    if (!candidates.empty()) {
      assets.Warn("artifact-role-missing",
                  "no asset has the role mlm:model; those with an "
                  "mlm:artifact_type are taken");
    }
  }
  if (candidates.empty()) {
    assets.Error("artifact-missing", "no asset has the role mlm:model");
    return "";
  }
  Prefer(candidates, [](const std::string&, const Node& asset) {
    return !HasRole(asset, "mlm:source_code") && !HasRole(asset, "code") &&
           !absl::StartsWith(asset["type"].Text(), "text/");
  });
  Prefer(candidates, [](const std::string&, const Node& asset) {
    return IsTorchScriptType(asset["mlm:artifact_type"].Text());
  });
  Prefer(candidates, [](const std::string&, const Node& asset) {
    return HasRole(asset, "mlm:compiled");
  });
  for (const char* name : {"model", "mlm:model", "weights"}) {
    if (candidates.size() == 1) break;
    Prefer(candidates,
           [name](const std::string& key, const Node&) { return key == name; });
  }
  if (candidates.size() > 1) {
    std::string keys;
    for (const auto& candidate : candidates) {
      absl::StrAppend(&keys, keys.empty() ? "" : ", ", candidate.first);
    }
    assets.Error("artifact-ambiguous",
                 absl::StrCat("several assets may be the model: ", keys));
    return "";
  }
  return candidates.front().first;
}

ModelArtifact ReadArtifact(const Node& asset, const std::string& key,
                           const Node& properties,
                           const std::string& item_href) {
  ModelArtifact artifact;
  artifact.asset_key = key;
  artifact.media_type = asset["type"].Text();
  artifact.artifact_type = asset["mlm:artifact_type"].Text();
  const Node href = asset["href"];
  if (auto absolute = ResolveHref(item_href, href.Text()); absolute.ok()) {
    artifact.href = *std::move(absolute);
  } else {
    href.Error("artifact-href", std::string(absolute.status().message()));
  }
  const Node own_size = asset["file:size"];
  const Node size = own_size ? own_size : properties["file:size"];
  artifact.size_bytes = size.Integer();
  if (artifact.size_bytes && *artifact.size_bytes <= 0) {
    size.Error("size-invalid", absl::StrCat("a file of ", *artifact.size_bytes,
                                            " bytes is no model"));
  }
  if (const Node checksum = asset["file:checksum"]) {
    auto sha256 = Sha256FromMultihash(checksum.Text());
    if (sha256.ok()) {
      artifact.sha256 = *std::move(sha256);
    } else {
      // One that cannot be compared must not pass as one that was.
      checksum.Error(absl::IsUnimplemented(sha256.status())
                         ? "checksum-not-served"
                         : "checksum-invalid",
                     std::string(sha256.status().message()));
    }
  }
  return artifact;
}

}  // namespace pushbroom
