#include "process-descriptions/dialects/dialect.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/process-descriptions/model_items.h"

namespace pushbroom::testing {
namespace {

Json Item(const Json& properties, const std::string& uri = "") {
  Json item = {{"type", "Feature"}, {"id", "x"}, {"properties", properties}};
  if (!uri.empty()) item["stac_extensions"] = Json::array({uri});
  return item;
}

TEST(DialectTest, RefusesKnownDialectsByName) {
  const struct {
    Json item;
    const char* family;
  } kCases[] = {
      {Item({{"dlm:inputs", Json::object()}}), "\"dlm\""},
      {Item(Json::object(), "dl-model"), "\"dlm\""},
      {Item({{"dlm:input", Json::object()}}), "\"mlm-draft\""},
      {Item({{"mlm:input", Json::array()}, {"mlm:runtime", Json::object()}}),
       "\"mlm-draft\""},
      {Item({{"mlm:input", Json::array()},
             {"mlm:architecture", {{"name", "x"}}}}),
       "\"mlm-draft\""},
      {Item({{"ml-model:type", "ml-model"}}), "\"ml-model\""},
      {Item({{"tdml:scope", "x"}}), "\"tdml\""},
      {Json({{"mlm_input", Json::array()}}), "\"mlm-draft\""},
      {Json({{"$schema",
              "https://stac-extensions.github.io/mlm/v1.5.2/schema.json"},
             {"properties", {{"input", Json::array()}}}}),
       "\"mlm-yaml\""},
  };
  for (const auto& c : kCases) {
    EXPECT_STATUS(TryRead(c.item), absl::StatusCode::kUnimplemented, c.family);
  }
}

TEST(DialectTest, RefusesWhatIsNoModelItem) {
  EXPECT_STATUS(TryRead(Item({{"datetime", nullptr}})),
                absl::StatusCode::kInvalidArgument, "no model item");
  EXPECT_STATUS(TryRead(Json::array()), absl::StatusCode::kInvalidArgument,
                "array");
  Json collection = SmallItem();
  collection["type"] = "Collection";
  EXPECT_STATUS(TryRead(collection), absl::StatusCode::kInvalidArgument,
                "Collection");
}

TEST(DialectTest, TrustsFieldsMoreThanTheUri) {
  Json item = SmallItem();
  item["stac_extensions"] = {
      "https://stac-extensions.github.io/ml-model/v1.0.0/schema.json"};
  EXPECT_EQ(Read(item).dialect.family, "mlm");
}

TEST(DialectTest, KnowsEveryAddressOfMlm) {
  for (const char* uri :
       {"https://stac-extensions.github.io/mlm/v1.5.2/schema.json",
        "https://stac-extensions.github.io/mlm/v1.4.0/schema.json#",
        "https://crim-ca.github.io/mlm-extension/v1.3.0/schema.json",
        "https://crim-ca.github.io/dlm-extension/v1.0.0/schema.json",
        "https://stac-extensions/mlm/v1.2.0/schema.json"}) {
    Json item = SmallItem();
    item["stac_extensions"] = {uri};
    const Model model = Read(item);
    EXPECT_FALSE(model.dialect.uri.empty()) << uri;
    EXPECT_NE(model.dialect.version, "") << uri;
  }
}

TEST(DialectTest, RaisesTheVersionToWhatTheFieldsNeed) {
  Json item = SmallItem();
  item["stac_extensions"] = {
      "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"};
  EXPECT_EQ(Read(item).dialect.version, "1.5");  // the dimension "bands"
  Input(item)["input"]["dim_order"][1] = "channel";
  EXPECT_EQ(Read(item).dialect.version, "1.4.0");
}

TEST(DialectTest, EveryRowOfTheTableSaysWhatItIs) {
  for (const Dialect& dialect : Dialects()) {
    EXPECT_NE(std::string(dialect.family), "");
    EXPECT_NE(std::string(dialect.title), "");
    EXPECT_EQ(dialect.detect(Json::object()).by, Detection::By::kNothing)
        << dialect.title << " sees itself in nothing";
    EXPECT_EQ(dialect.detect(Json(7)).by, Detection::By::kNothing);
  }
}

}  // namespace
}  // namespace pushbroom::testing
