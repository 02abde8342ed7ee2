#include "process-descriptions/describe.h"

#include <functional>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "schemas/job_result.h"
#include "schemas/json_schema.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/process-descriptions/model_items.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What a schema of OGC API – Processes may consist of: schema.yaml.
const std::set<std::string>& Keywords() {
  static const auto* const keywords =
      new std::set<std::string>{"title",
                                "multipleOf",
                                "maximum",
                                "exclusiveMaximum",
                                "minimum",
                                "exclusiveMinimum",
                                "maxLength",
                                "minLength",
                                "pattern",
                                "maxItems",
                                "minItems",
                                "uniqueItems",
                                "maxProperties",
                                "minProperties",
                                "required",
                                "enum",
                                "type",
                                "not",
                                "allOf",
                                "oneOf",
                                "anyOf",
                                "items",
                                "properties",
                                "additionalProperties",
                                "description",
                                "format",
                                "default",
                                "nullable",
                                "readOnly",
                                "writeOnly",
                                "example",
                                "deprecated",
                                "contentMediaType",
                                "contentEncoding",
                                "contentSchema"};
  return *keywords;
}

// Every problem of one schema and of those inside it.
void Walk(const Json& schema, const std::string& at,
          std::vector<std::string>& problems) {
  if (!schema.is_object()) {
    problems.push_back(at + " is no object");
    return;
  }
  for (const auto& [key, value] : schema.items()) {
    const std::string here = at + "/" + key;
    if (Keywords().count(key) == 0) problems.push_back(here + " is no keyword");
    if (key == "type" && !value.is_string()) {
      problems.push_back(here + " is no string");
    }
    if ((key == "exclusiveMinimum" || key == "exclusiveMaximum") &&
        !value.is_boolean()) {
      problems.push_back(here + " is no boolean");
    }
    if (key == "required" && (!value.is_array() || value.empty())) {
      problems.push_back(here + " is no list");
    }
    if (key == "allOf" || key == "oneOf" || key == "anyOf") {
      for (size_t i = 0; i < value.size(); ++i) {
        Walk(value[i], here + "/" + std::to_string(i), problems);
      }
    } else if (key == "properties") {
      for (const auto& [name, member] : value.items()) {
        Walk(member, here + "/" + name, problems);
      }
    } else if (key == "items" || key == "not") {
      Walk(value, here, problems);
    } else if (key == "additionalProperties" && !value.is_boolean()) {
      Walk(value, here, problems);
    }
  }
}

std::vector<std::string> SchemaProblems(const Json& process) {
  std::vector<std::string> problems;
  for (const char* list : {"inputs", "outputs"}) {
    for (const auto& [id, description] : process[list].items()) {
      const std::string at = std::string(list) + "/" + id;
      Walk(description["schema"], at, problems);
      auto compiled = JsonSchema::Compile(description["schema"]);
      if (!compiled.ok()) {
        problems.push_back(at + ": " + compiled.status().ToString());
      }
    }
  }
  return problems;
}

bool Accepts(const Json& process, const std::string& id, const Json& value) {
  auto schema = JsonSchema::Compile(process["inputs"][id]["schema"]);
  EXPECT_TRUE(schema.ok()) << id << ": " << schema.status();
  return schema.ok() && schema->Check(value).empty();
}

Json Process(const Json& item) { return Describe(Read(item), {}).process; }

TEST(DescribeTest, UsesKeywordsOfOgcOnly) {
  EXPECT_THAT(SchemaProblems(Process(SmallItem())), IsEmpty());
  EXPECT_THAT(SchemaProblems(DescribeEcho().process), IsEmpty());
}

TEST(DescribeTest, SummaryIsTheProcessWithoutInputsAndOutputs) {
  const ProcessDescription description = Describe(Read(SmallItem()), {});
  Json process = description.process;
  EXPECT_EQ(process.erase("inputs"), 1u);
  EXPECT_EQ(process.erase("outputs"), 1u);
  EXPECT_EQ(process, description.summary);
  EXPECT_EQ(process["id"], "small");
  EXPECT_EQ(process["version"], "1.0.0");
  EXPECT_EQ(process["jobControlOptions"],
            Json({"sync-execute", "async-execute", "dismiss"}));
  EXPECT_EQ(process["outputTransmission"], Json({"value", "reference"}));
  EXPECT_FALSE(process.contains("links"));
}

TEST(DescribeTest, IsPure) {
  const Model model = Read(SmallItem());
  EXPECT_EQ(DumpJson(Describe(model, {}).process),
            DumpJson(Describe(model, {}).process));
}

TEST(DescribeTest, TakesImageryByValueAndByReference) {
  const ProcessDescription description = Describe(Read(SmallItem()), {});
  EXPECT_THAT(description.imagery_inputs, ElementsAre("image"));
  const Json& input = description.process["inputs"]["image"];
  EXPECT_EQ(input["minOccurs"], 1);
  EXPECT_EQ(input["maxOccurs"], 1);
  std::set<std::string> media;
  for (const Json& branch : input["schema"]["oneOf"]) {
    if (branch["type"] == "object") {
      EXPECT_EQ(branch["format"], "geojson-feature");
    } else {
      media.insert(branch["contentMediaType"]);
    }
  }
  EXPECT_THAT(media, ElementsAre("application/geo+json", "image/jp2",
                                 "image/tiff; application=geotiff",
                                 "image/tiff; application=geotiff; "
                                 "profile=cloud-optimized"));
}

TEST(DescribeTest, KeepsTheNameOfImageryApartFromOtherInputs) {
  Json item = SmallItem();
  Input(item)["name"] = "bbox";
  EXPECT_THAT(Describe(Read(item), {}).imagery_inputs,
              ElementsAre("bbox-imagery"));
  Input(item)["name"] = "!!!";
  EXPECT_THAT(Describe(Read(item), {}).imagery_inputs, ElementsAre("imagery"));
  Input(item)["name"] = "RGB + NIR Batch";
  EXPECT_THAT(Describe(Read(item), {}).imagery_inputs,
              ElementsAre("RGB-NIR-Batch"));
}

TEST(DescribeTest, ChecksTheCommonInputs) {
  const Json process = Process(SmallItem());
  EXPECT_TRUE(Accepts(process, "bbox", {{"bbox", {1, 2, 3, 4}}}));
  EXPECT_TRUE(Accepts(process, "bbox",
                      {{"bbox", {1, 2, 3, 4}}, {"crs", "EPSG:32633"}}));
  EXPECT_FALSE(Accepts(process, "bbox", {{"bbox", {1, 2, 3}}}));
  EXPECT_TRUE(Accepts(process, "resolution", 0.5));
  EXPECT_FALSE(Accepts(process, "resolution", 0));
  EXPECT_FALSE(Accepts(process, "overlap", -2));
  EXPECT_FALSE(Accepts(process, "batch_size", 0));
  EXPECT_FALSE(Accepts(process, "batch_size", 65));
  EXPECT_TRUE(Accepts(process, "radiometry", "none"));
  EXPECT_TRUE(Accepts(process, "radiometry", {{"scale", 0.1}}));
  EXPECT_FALSE(Accepts(process, "radiometry", "guess"));
  EXPECT_FALSE(Accepts(process, "radiometry", {{"gain", 0.1}}));
  EXPECT_TRUE(Accepts(process, "collection", "my-results"));
  EXPECT_FALSE(Accepts(process, "item_id", "../x"));
  EXPECT_TRUE(Accepts(process, "probabilities", true));
}

TEST(DescribeTest, BindsBandsOfTheModelOnly) {
  const Json process = Process(SmallItem());
  EXPECT_TRUE(Accepts(process, "bands",
                      {{"red", 3},
                       {"green", "asset:2"},
                       {"blue", {{"asset", "x"}, {"band", 1}}}}));
  EXPECT_TRUE(Accepts(process, "bands", {"a", "b", 3}));
  EXPECT_FALSE(Accepts(process, "bands", {{"nir", 4}}));
  EXPECT_FALSE(Accepts(process, "bands", {{"red", 0}}));
  EXPECT_FALSE(Accepts(process, "bands", {"a", "b"}));
}

TEST(DescribeTest, TakesDefaultsFromModelAndConfiguration) {
  Json item = SmallItem();
  Property(item, "mlm:batch_size_suggestion") = 100;
  DescribeOptions options;
  options.overlap = 32;
  options.max_batch_size = 16;
  options.collection = "mine";
  const Json inputs = Describe(Read(item), options).process["inputs"];
  EXPECT_EQ(inputs["overlap"]["schema"]["default"], 32);
  EXPECT_EQ(inputs["batch_size"]["schema"]["default"], 16);
  EXPECT_EQ(inputs["batch_size"]["schema"]["maximum"], 16);
  EXPECT_EQ(inputs["collection"]["schema"]["default"], "mine");
  EXPECT_FALSE(Process(SmallItem())["inputs"]["batch_size"]["schema"].contains(
      "default"));
}

TEST(DescribeTest, OffersAThresholdForOneChannelOnly) {
  Json item = SmallItem();
  EXPECT_FALSE(Process(item)["inputs"].contains("threshold"));
  Output(item)["result"]["shape"][1] = 1;
  EXPECT_EQ(Process(item)["inputs"]["threshold"]["schema"]["default"], 0.5);
  Property(item,
           "mlm:hyperparameters") = {{"inference.confidence_threshold", 0.3}};
  const Json inputs = Process(item)["inputs"];
  EXPECT_EQ(inputs["threshold"]["schema"]["default"], 0.3);
  EXPECT_FALSE(inputs.contains("inference.confidence_threshold"));
}

TEST(DescribeTest, OffersParametersOfInferenceOnly) {
  Json item = SmallItem();
  Property(item, "mlm:hyperparameters") = {
      {"training.rate", 0.1},         {"rate", 0.1},
      {"inference.flip", true},       {"inference.steps", 4},
      {"inference.gain", 1.5},        {"inference.mode", "fast"},
      {"inference.nothing", nullptr}, {"inference.list", {1, 2}}};
  const Json inputs = Process(item)["inputs"];
  EXPECT_EQ(inputs["inference.flip"]["schema"],
            Json({{"type", "boolean"}, {"default", true}}));
  EXPECT_EQ(inputs["inference.steps"]["schema"],
            Json({{"type", "integer"}, {"default", 4}}));
  EXPECT_EQ(inputs["inference.gain"]["schema"]["type"], "number");
  EXPECT_EQ(inputs["inference.mode"]["schema"]["type"], "string");
  for (const char* absent :
       {"training.rate", "rate", "inference.nothing", "inference.list"}) {
    EXPECT_FALSE(inputs.contains(absent)) << absent;
  }
}

TEST(DescribeTest, NamesTheOutputs) {
  const Json outputs = Process(SmallItem())["outputs"];
  EXPECT_EQ(outputs.size(), 3u);
  const char* cog = "image/tiff; application=geotiff; profile=cloud-optimized";
  EXPECT_EQ(outputs[kClassesOutput]["schema"]["contentMediaType"], cog);
  EXPECT_EQ(outputs[kProbabilitiesOutput]["schema"]["contentMediaType"], cog);
  EXPECT_EQ(outputs[kItemOutput]["schema"]["contentMediaType"],
            "application/geo+json");
}

TEST(DescribeTest, DescribesAlsoWhatCannotRun) {
  Json item = SmallItem();
  Property(item, "mlm:input") = Json::array();
  Property(item, "mlm:output") = Json::array();
  const ProcessDescription description = Describe(Read(item), {});
  EXPECT_THAT(SchemaProblems(description.process), IsEmpty());
  EXPECT_THAT(description.imagery_inputs, IsEmpty());
  EXPECT_TRUE(description.process["outputs"].contains(kItemOutput));
  EXPECT_FALSE(description.process["inputs"].contains("bands"));
}

TEST(DescribeTest, TellsPeopleWhatTheyMustKnow) {
  Json item = SmallItem();
  Property(item, "gsd") = 10;
  Property(item, "pushbroom:scores") = {{{"on", "held out"}, {"iou", 0.5}}};
  Property(item, "pushbroom:limits") = {"not at night"};
  const std::string text = Process(item)["description"];
  for (const char* part :
       {"A small model.", "red, green, blue", "10 m", "1 water: Water",
        "held out: iou 0.5", "not at night", "2026-01-02"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(DescribeTest, LinksLicenceCitationAndTrainingData) {
  Json item = SmallItem();
  Property(item, "license") = "Apache-2.0";
  Property(item, "sci:doi") = "10.1/x";
  item["links"] = Json::parse(R"([
      {"rel": "derived_from", "href": "https://example.com/data"},
      {"rel": "derived_from", "href": "./local.json"},
      {"rel": "parent", "href": "https://example.com/parent"},
      {"rel": "self", "href": "https://example.com/item.json"}])");
  EXPECT_EQ(Process(item)["metadata"], Json::parse(R"([
      {"role": "license", "title": "Licence Apache-2.0",
       "href": "https://spdx.org/licenses/Apache-2.0.html"},
      {"role": "cite-as", "title": "DOI 10.1/x",
       "href": "https://doi.org/10.1/x"},
      {"role": "derived_from", "title": "Training data",
       "href": "https://example.com/data"},
      {"role": "describedby", "title": "The model's STAC Item",
       "href": "https://example.com/item.json"}])"));
}

TEST(DescribeTest, ShowsNoPathOfThisMachine) {
  EXPECT_THAT(DumpJson(Process(SmallItem())), Not(HasSubstr("/models/")));
}

// The rules under which the OGC suite passes with an echo process.
TEST(EchoTest, PutsRequiredTextFirst) {
  const Json echo = DescribeEcho().process;
  const auto first = echo["inputs"].begin();
  EXPECT_EQ(first.key(), "message");
  EXPECT_EQ(first.value()["schema"], Json({{"type", "string"}}));
  EXPECT_EQ(first.value()["minOccurs"], 1);
  EXPECT_EQ(echo["outputs"].begin().key(), "message");
}

TEST(EchoTest, OnlyTheFirstInputIsRequired) {
  const Json inputs = DescribeEcho().process["inputs"];
  for (const auto& [id, input] : inputs.items()) {
    EXPECT_EQ(input["minOccurs"], id == "message" ? 1 : 0) << id;
  }
}

TEST(EchoTest, HasAnOutputForEveryInputButThePause) {
  const Json echo = DescribeEcho().process;
  for (const auto& [id, input] : echo["inputs"].items()) {
    EXPECT_EQ(echo["outputs"].contains(id), id != "pause") << id;
    if (id != "pause") {
      EXPECT_EQ(echo["outputs"][id]["schema"], input["schema"]);
    }
  }
  EXPECT_EQ(echo["inputs"]["pause"]["schema"],
            Json({{"type", "number"}, {"minimum", 0}, {"maximum", 60}}));
}

TEST(EchoTest, HasOneInputOfEveryKindThatTheSuiteTries) {
  const Json inputs = DescribeEcho().process["inputs"];
  EXPECT_EQ(inputs["region"]["schema"]["allOf"][0],
            Json({{"format", "ogc-bbox"}}));
  EXPECT_EQ(inputs["mixed"]["schema"]["oneOf"].size(), 2u);
  EXPECT_EQ(inputs["mixed"]["schema"]["oneOf"][0]["contentMediaType"],
            "text/plain");
  EXPECT_EQ(inputs["numbers"]["schema"]["items"], Json({{"type", "integer"}}));
  // An object or an enumeration at the top would be given text by the suite.
  for (const auto& [id, input] : inputs.items()) {
    EXPECT_NE(input["schema"].value("type", ""), "object") << id;
    EXPECT_FALSE(input["schema"].contains("enum")) << id;
  }
}

TEST(EchoTest, OffersBothModesAndDismissal) {
  EXPECT_EQ(DescribeEcho().summary["jobControlOptions"],
            Json({"sync-execute", "async-execute", "dismiss"}));
}

}  // namespace
}  // namespace pushbroom::testing
