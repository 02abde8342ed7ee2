#include "process-descriptions/check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/process-descriptions/model_items.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string kIn = "/properties/mlm:input/0";
const std::string kOut = "/properties/mlm:output/0";

TEST(CheckTest, ReportsEveryContradictionAtOnce) {
  Json item = SmallItem();
  Input(item)["input"]["shape"] = {-1, 4, 0};
  Input(item)["input"]["dim_order"] = {"batch", "bands", "height", "height"};
  Input(item)["value_scaling"] = Json::parse(
      R"([{"type": "scale", "value": 0}, {"type": "scale", "value": 1}])");
  Output(item)["classification:classes"][1]["value"] = 0;
  item["assets"].erase("model");
  EXPECT_THAT(
      Codes(Read(item).diagnostics),
      UnorderedElementsAre(
          "error shape-dims-mismatch " + kIn + "/input/shape",
          "error shape-size-invalid " + kIn + "/input/shape/2",
          "error dims-duplicate " + kIn + "/input/dim_order",
          "error channels-bands-mismatch " + kIn + "/bands",
          "error scaling-length-mismatch " + kIn + "/value_scaling",
          "error scaling-zero-divisor " + kIn + "/value_scaling/0",
          "error class-value-duplicate " + kOut + "/classification:classes",
          "error artifact-missing /assets"));
}

TEST(CheckTest, RefusesEveryDivisionByZero) {
  for (const char* op :
       {R"({"type": "z-score", "mean": 1, "stddev": 0})",
        R"({"type": "scale", "value": 0})",
        R"({"type": "min-max", "minimum": 2, "maximum": 2})"}) {
    Json item = SmallItem();
    Input(item)["value_scaling"] = Json::array({Json::parse(op)});
    // Said once, although it is broadcast to three bands.
    EXPECT_THAT(
        Codes(Read(item).diagnostics),
        ElementsAre("error scaling-zero-divisor " + kIn + "/value_scaling/0"))
        << op;
  }
}

TEST(CheckTest, RefusesAnEmptyClip) {
  Json item = SmallItem();
  Input(item)["value_scaling"] =
      Json::parse(R"([{"type": "clip", "minimum": 2, "maximum": 1}])");
  EXPECT_THAT(
      Codes(Read(item).diagnostics),
      ElementsAre("error scaling-empty-range " + kIn + "/value_scaling/0"));
}

TEST(CheckTest, ComparesBandsWithTheirAxis) {
  Json item = SmallItem();
  Input(item)["input"]["shape"][1] = -1;
  EXPECT_THAT(Codes(Read(item).diagnostics), IsEmpty());
  Input(item)["input"]["shape"][1] = 1;
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error channels-bands-mismatch " + kIn + "/bands"));
  Input(item)["pre_processing_function"] = {{"format", "gdal-calc"},
                                            {"expression", "A-B"}};
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("warning channels-bands-mismatch " + kIn + "/bands"));
  Input(item)["input"]["dim_order"] = {"batch", "depth", "height", "width"};
  EXPECT_THAT(
      Codes(Read(item).diagnostics),
      ElementsAre("error bands-axis-missing " + kIn + "/input/dim_order"));
}

TEST(CheckTest, ComparesClassesWithChannels) {
  Json item = SmallItem();
  Output(item)["result"]["shape"][1] = 5;
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error classes-channels-mismatch " + kOut +
                          "/classification:classes"));
  Output(item)["result"]["shape"][1] = -1;
  EXPECT_THAT(Codes(Read(item).diagnostics), IsEmpty());
}

TEST(CheckTest, MissesInputAndOutput) {
  Json item = SmallItem();
  Property(item, "mlm:input") = Json::array();
  item["properties"].erase("mlm:output");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error input-missing ", "error output-missing "));
}

TEST(CheckTest, SpeaksOfAModelWithoutOrigins) {
  Model model;
  model.inputs.emplace_back().shape = {0};
  Diagnostics diagnostics;
  CheckModel(model, Origins(), diagnostics);
  EXPECT_TRUE(diagnostics.has_errors());
}

}  // namespace
}  // namespace pushbroom::testing
