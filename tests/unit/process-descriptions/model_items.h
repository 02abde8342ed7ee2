// Small model items that the tests bend.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "process-descriptions/reader.h"
#include "schemas/model.h"
#include "service/core/base/json.h"

namespace pushbroom::testing {

/// An MLM 1.5 item that is read without a diagnostic and can run: three bands,
/// two classes.
inline Json SmallItem() {
  return Json::parse(R"({
    "type": "Feature", "stac_version": "1.1.0", "id": "small",
    "stac_extensions":
        ["https://stac-extensions.github.io/mlm/v1.5.0/schema.json"],
    "geometry": null,
    "properties": {
      "datetime": "2026-01-02T03:04:05Z",
      "title": "Small", "description": "A small model.",
      "mlm:name": "small model", "mlm:architecture": "U-Net",
      "mlm:tasks": ["semantic-segmentation"],
      "mlm:input": [{
        "name": "image", "bands": ["red", "green", "blue"],
        "input": {"shape": [-1, 3, 64, 64],
                  "dim_order": ["batch", "bands", "height", "width"],
                  "data_type": "float32"}
      }],
      "mlm:output": [{
        "name": "classes", "tasks": ["semantic-segmentation"],
        "result": {"shape": [-1, 2, 64, 64],
                   "dim_order": ["batch", "class", "height", "width"],
                   "data_type": "float32"},
        "classification:classes": [
          {"value": 0, "name": "land", "description": "Land"},
          {"value": 1, "name": "water", "description": "Water"}]
      }]
    },
    "links": [],
    "assets": {
      "model": {"href": "./small.pt", "type": "application/octet-stream",
                "roles": ["mlm:model"],
                "mlm:artifact_type": "torch.jit.save"}
    }
  })");
}

inline Json& Property(Json& item, const std::string& key) {
  return item["properties"][key];
}
inline Json& Input(Json& item) { return item["properties"]["mlm:input"][0]; }
inline Json& Output(Json& item) { return item["properties"]["mlm:output"][0]; }

inline absl::StatusOr<Model> TryRead(const Json& item) {
  ReadOptions options;
  options.href = "/models/small/item.json";
  return ReadModelItem(item.dump(), options);
}

inline Model Read(const Json& item) {
  auto model = TryRead(item);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : Model();
}

/// "level code pointer" of every diagnostic, sorted.
inline std::vector<std::string> Codes(const std::vector<Diagnostic>& list) {
  std::vector<std::string> codes;
  for (const Diagnostic& d : list) {
    const char* level = d.level == Severity::kError     ? "error "
                        : d.level == Severity::kWarning ? "warning "
                                                        : "info ";
    codes.push_back(level + d.code + " " + d.pointer);
  }
  std::sort(codes.begin(), codes.end());
  return codes;
}

}  // namespace pushbroom::testing
