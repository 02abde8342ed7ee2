#include "process-descriptions/reader.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "process-descriptions/check.h"
#include "process-descriptions/dialects/dialect.h"
#include "process-descriptions/document.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// A model item is a description, not data.
constexpr int64_t kMaxItemBytes = int64_t{16} << 20;

struct Found {
  const Dialect* dialect = nullptr;
  Detection detection;
};

// The strongest detection; of equally strong ones the first of the table.
Found Detect(const Json& document) {
  Found best;
  for (const Dialect& dialect : Dialects()) {
    Detection detection = dialect.detect(document);
    if (detection.by > best.detection.by) {
      best = {&dialect, std::move(detection)};
    }
  }
  return best;
}

}  // namespace

absl::StatusOr<Model> ReadModelItem(absl::string_view document,
                                    const ReadOptions& options) {
  Diagnostics diagnostics;
  PB_ASSIGN_OR_RETURN(const Json json,
                      ParseDocument(document, options.href, diagnostics));
  if (!json.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a model item is an object, this is an ", json.type_name()));
  }
  const std::string type = StringOr(json, "type");
  if (type == "Collection" || type == "Catalog" ||
      type == "FeatureCollection") {
    return absl::InvalidArgumentError(
        absl::StrCat("a ", type, " is no model item"));
  }
  const Found found = Detect(json);
  if (!found.dialect) {
    return absl::InvalidArgumentError(
        "no model item: neither its fields nor its stac_extensions are those "
        "of a known dialect of model metadata");
  }
  if (!found.dialect->read) {
    return absl::UnimplementedError(absl::StrCat(
        "the item speaks the dialect \"", found.dialect->family, "\" (",
        found.dialect->title, "), which is not read; recognised by: ",
        absl::StrJoin(found.detection.evidence, ", ")));
  }

  Origins origins;
  ReadContext context{options.href, found.detection, diagnostics, origins};
  PB_ASSIGN_OR_RETURN(Model model, found.dialect->read(json, context));
  model.dialect = {found.dialect->family, found.detection.version,
                   found.detection.uri, found.detection.evidence};
  CheckModel(model, origins, diagnostics);
  model.diagnostics = diagnostics.list();
  return model;
}

absl::StatusOr<Model> ReadModelFile(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("no usable path: \"", path, "\""));
  }
  PB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxItemBytes));
  ReadOptions options;
  options.href = absolute.lexically_normal().string();
  auto model = ReadModelItem(text, options);
  if (!model.ok()) return Annotate(model.status(), path);
  return model;
}

}  // namespace pushbroom
