#include "service/api/execute_body.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pushbroom::api {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json Parse(const std::string& text) {
  const auto json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << json.status() << text;
  return json.ok() ? *json : Json();
}

ServedProcess ModelProcess() {
  ServedProcess process;
  process.id = "clouds";
  process.state = ProcessState::kAvailable;
  process.model_digest = "d1";
  process.description.imagery_inputs = {"image"};
  process.description.process = Parse(R"({
    "id": "clouds",
    "outputTransmission": ["value", "reference"],
    "inputs": {
      "image": {"schema": {"oneOf": [
        {"type": "object", "format": "geojson-feature"},
        {"type": "string", "contentMediaType": "image/tiff"}]}},
      "bbox": {"minOccurs": 0, "schema": {"allOf": [
        {"format": "ogc-bbox"}, {"type": "object", "required": ["bbox"]}]}},
      "bands": {"minOccurs": 0, "schema": {"oneOf": [
        {"type": "object"}, {"type": "array"}]}},
      "overlap": {"minOccurs": 0,
                  "schema": {"type": "integer", "minimum": 0}},
      "threshold": {"minOccurs": 0,
        "schema": {"type": "number", "minimum": 0, "maximum": 1}},
      "probabilities": {"minOccurs": 0, "schema": {"type": "boolean"}},
      "item_id": {"minOccurs": 0, "schema": {"type": "string"}},
      "radiometry": {"minOccurs": 0, "schema": {"oneOf": [
        {"type": "string", "enum": ["auto", "none"]}, {"type": "object"}]}},
      "inference.temperature": {"minOccurs": 0, "schema": {"type": "number"}}
    },
    "outputs": {
      "classes": {"schema": {"type": "string",
        "contentMediaType": "image/tiff; application=geotiff"}},
      "item": {"schema": {"type": "object",
        "contentMediaType": "application/geo+json"}}
    }})");
  return process;
}

ServedProcess EchoProcess() {
  ServedProcess process;
  process.id = "echo";
  process.state = ProcessState::kAvailable;
  process.description.process = Parse(R"({
    "id": "echo", "outputTransmission": ["value"],
    "inputs": {
      "message": {"schema": {"type": "string"}},
      "mixed": {"minOccurs": 0, "schema": {"oneOf": [
        {"type": "string", "contentMediaType": "text/plain"},
        {"type": "object"}]}},
      "many": {"minOccurs": 0, "maxOccurs": 3,
               "schema": {"type": "integer"}},
      "numbers": {"minOccurs": 0,
        "schema": {"type": "array", "items": {"type": "integer"}}}
    },
    "outputs": {"message": {"schema": {"type": "string"}}}})");
  return process;
}

class ExecuteBodyTest : public ::testing::Test {
 protected:
  ExecuteBodyTest() : policy_(*UrlPolicy::Create({})) {}

  ParsedExecute Read(const ServedProcess& process, const std::string& body) {
    return ParseExecute(Parse(body), {process, {"red", "nir"}, policy_});
  }
  ParsedExecute ReadModel(const std::string& inputs,
                          const std::string& more = "") {
    return Read(ModelProcess(), R"({"inputs":{"image":{"href":)"
                                R"("https://example.org/a.tif"})" +
                                    (inputs.empty() ? "" : "," + inputs) + "}" +
                                    more + "}");
  }
  ParsedExecute ReadEcho(const std::string& inputs) {
    return Read(EchoProcess(), R"({"inputs":{"message":"hi")" +
                                   (inputs.empty() ? "" : "," + inputs) + "}}");
  }
  static std::string Errors(const ParsedExecute& parsed) {
    std::string text;
    for (const FieldError& error : parsed.errors) {
      text += error.pointer + ": " + error.detail + "\n";
    }
    return text;
  }

  const UrlPolicy policy_;
};

TEST_F(ExecuteBodyTest, ALinkBecomesASceneReference) {
  const auto parsed =
      Read(ModelProcess(),
           R"({"inputs":{"image":{"href":"https://example.org/a.tif",
               "type":"image/tiff"}}})");
  ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
  const auto& scenes = parsed.request.scenes.at("image");
  ASSERT_EQ(scenes.size(), 1u);
  EXPECT_EQ(scenes[0].href, "https://example.org/a.tif");
  EXPECT_EQ(scenes[0].type, "image/tiff");
  EXPECT_FALSE(parsed.request.outputs.has_value());
}

TEST_F(ExecuteBodyTest, AStacItemIsTakenBareAndQualifiedAndInAnArrayOfOne) {
  const std::string item =
      R"({"type":"Feature","id":"s","assets":{"r":{"href":"r.tif"}}})";
  for (const std::string& given :
       {item, R"({"value":)" + item + "}", "[" + item + "]",
        R"([{"value":)" + item + R"(,"mediaType":"application/geo+json"}])"}) {
    const auto parsed =
        Read(ModelProcess(), R"({"inputs":{"image":)" + given + "}}");
    ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
    EXPECT_EQ(parsed.request.scenes.at("image").at(0).item["id"], "s");
  }
}

TEST_F(ExecuteBodyTest, ImageryThatIsNeitherLinkNorItemIsRefused) {
  for (const char* given : {"\"a.tif\"", "7", R"({"value":{"type":"Feature"}})",
                            R"({"value":{"type":"FeatureCollection"}})",
                            R"({"href":7})", R"({"path":"a.tif"})", "[]"}) {
    const auto parsed = Read(
        ModelProcess(), std::string(R"({"inputs":{"image":)") + given + "}}");
    EXPECT_EQ(parsed.errors.size(), 1u) << given << "\n" << Errors(parsed);
  }
}

TEST_F(ExecuteBodyTest, ALinkThatMayNotBeFollowedIsRefusedAtOnce) {
  const auto parsed = Read(
      ModelProcess(), R"({"inputs":{"image":{"href":"ftp://example.org/a"}}})");
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(parsed.errors[0].pointer, "/inputs/image/href");
}

TEST_F(ExecuteBodyTest, CommonInputsLandInTheirFields) {
  const auto parsed = ReadModel(R"(
      "bbox": {"bbox":[7,51,8,52]}, "overlap": 32, "threshold": {"value":0.5},
      "probabilities": true, "item_id": "my-item",
      "radiometry": {"scale": 0.5, "offset": -1},
      "inference.temperature": 2)");
  ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
  const ExecuteRequest& request = parsed.request;
  ASSERT_TRUE(request.bbox.has_value());
  EXPECT_EQ(request.bbox->max_y, 52);
  EXPECT_EQ(request.overlap, 32);
  EXPECT_EQ(request.threshold, 0.5);
  EXPECT_TRUE(request.probabilities);
  EXPECT_EQ(request.item_id, "my-item");
  EXPECT_EQ(request.radiometry_scale, 0.5);
  EXPECT_EQ(request.radiometry_offset, -1);
  EXPECT_EQ(request.values, Parse(R"({"inference.temperature": 2})"));
}

TEST_F(ExecuteBodyTest, BandsAreNamedByObjectOrListedInTheModelsOrder) {
  for (const char* bands :
       {R"({"red":"image:3","nir":{"asset":"image","band":4}})",
        R"({"value":{"red":{"asset":"image","band":3},"nir":"image:4"}})",
        R"(["image:3","image:4"])"}) {
    const auto parsed = ReadModel(std::string(R"("bands":)") + bands);
    ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
    EXPECT_EQ(parsed.request.bands.at("red").asset, "image") << bands;
    EXPECT_EQ(parsed.request.bands.at("red").band, 3) << bands;
    EXPECT_EQ(parsed.request.bands.at("nir").band, 4) << bands;
  }
  const auto numbers = ReadModel(R"("bands":[2,1])");
  ASSERT_THAT(numbers.errors, IsEmpty()) << Errors(numbers);
  EXPECT_EQ(numbers.request.bands.at("red").band, 2);
  EXPECT_EQ(numbers.request.bands.at("red").asset, "");
}

TEST_F(ExecuteBodyTest, BandsOfTheWrongNumberOrFormAreRefused) {
  EXPECT_THAT(Errors(ReadModel(R"("bands":["a"])")),
              HasSubstr("all 2 bands of the model"));
  EXPECT_THAT(Errors(ReadModel(R"("bands":{"red":0})")),
              HasSubstr("/inputs/bands/red: band numbers begin with 1"));
}

TEST_F(ExecuteBodyTest, EveryProblemIsToldWithItsPlace) {
  const auto parsed = ReadModel(
      R"("threshold": 3, "overlap": "wide", "colour": 1,
         "bbox": {"bbox":[1,2,3]})",
      R"(,"outputs":{"clases":{},"item":{"transmissionMode":"mail"}},
         "response":"cooked")");
  const std::string errors = Errors(parsed);
  EXPECT_THAT(errors, HasSubstr("/inputs/threshold: "));
  EXPECT_THAT(errors, HasSubstr("/inputs/overlap: "));
  EXPECT_THAT(errors, HasSubstr("/inputs/colour: process clouds has no"));
  EXPECT_THAT(errors, HasSubstr("/inputs/bbox/bbox: "));
  EXPECT_THAT(errors, HasSubstr("/outputs/clases: process clouds has no"));
  EXPECT_THAT(errors, HasSubstr("/outputs/item/transmissionMode: "));
  EXPECT_THAT(errors, HasSubstr("/response: "));
  EXPECT_EQ(parsed.errors.size(), 7u) << errors;
}

TEST_F(ExecuteBodyTest, AMissingRequiredInputIsNamed) {
  EXPECT_THAT(Errors(Read(ModelProcess(), R"({"inputs":{}})")),
              HasSubstr("the required input \"image\" is missing"));
  EXPECT_THAT(Errors(Read(EchoProcess(), R"({"nonsense":"true"})")),
              HasSubstr("the required input \"message\" is missing"));
}

TEST_F(ExecuteBodyTest, WhatIsNoObjectIsRefused) {
  for (const char* body : {"[]", "\"x\"", "null", R"({"inputs":[]})"}) {
    EXPECT_FALSE(Read(EchoProcess(), body).errors.empty()) << body;
  }
}

TEST_F(ExecuteBodyTest, QualifiedValuesMayNestTheirFormat) {
  for (const char* given :
       {R"({"value":"x","mediaType":"text/plain"})",
        R"({"value":"x","format":{"mediaType":"text/plain"}})"}) {
    const auto parsed = ReadEcho(std::string(R"("mixed":)") + given);
    ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
    EXPECT_EQ(parsed.request.values["mixed"], "x");
  }
}

TEST_F(ExecuteBodyTest, TheMediaTypeChoosesTheAlternative) {
  const auto text =
      ReadEcho(R"("mixed":{"value":{"a":1},"mediaType":"text/plain"})");
  EXPECT_EQ(text.errors.size(), 1u) << Errors(text);
  const auto object =
      ReadEcho(R"("mixed":{"value":{"a":1},"mediaType":"application/json"})");
  EXPECT_THAT(object.errors, IsEmpty()) << Errors(object);
  const auto wrong =
      ReadEcho(R"("mixed":{"value":"x","mediaType":"wrong/type"})");
  EXPECT_THAT(Errors(wrong), HasSubstr("application/json, text/plain"));
}

TEST_F(ExecuteBodyTest, AnObjectThatIsNotWrappedIsRefused) {
  // The OGC test suite sends this and wants a 400.
  const auto parsed = ReadEcho(R"("mixed":{"type":"wrong/type_1234"})");
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_THAT(parsed.errors[0].detail, HasSubstr("must be wrapped"));
}

TEST_F(ExecuteBodyTest, CardinalityIsCounted) {
  EXPECT_THAT(ReadEcho(R"("many":5)").errors, IsEmpty());
  const auto list = ReadEcho(R"("many":[1,2,3])");
  EXPECT_THAT(list.errors, IsEmpty()) << Errors(list);
  EXPECT_EQ(list.request.values["many"], Parse("[1,2,3]"));
  EXPECT_THAT(Errors(ReadEcho(R"("many":[1,2,3,4])")),
              HasSubstr("takes 0 to 3 values, got 4"));
  EXPECT_THAT(Errors(ReadEcho(R"("many":[1,"b"])")),
              HasSubstr("/inputs/many/1: "));
}

TEST_F(ExecuteBodyTest, WithOneOccurrenceAnArrayIsTheValue) {
  const auto parsed = ReadEcho(R"("numbers":[1,2])");
  ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
  EXPECT_EQ(parsed.request.values["numbers"], Parse("[1,2]"));
  EXPECT_THAT(Errors(ReadEcho(R"("numbers":[1,"b"])")),
              HasSubstr("/inputs/numbers/1: "));
}

TEST_F(ExecuteBodyTest, OutputsKeepTheirModeAndMediaType) {
  const auto parsed =
      ReadModel("", R"(,"outputs":{"classes":{"transmissionMode":"reference",
             "format":{"mediaType":"image/tiff"}}},"response":"document")");
  ASSERT_THAT(parsed.errors, IsEmpty()) << Errors(parsed);
  ASSERT_TRUE(parsed.request.outputs.has_value());
  const OutputRequest& output = parsed.request.outputs->at("classes");
  EXPECT_TRUE(output.by_reference);
  EXPECT_EQ(output.media_type, "image/tiff; application=geotiff");
  EXPECT_TRUE(parsed.request.document);
  EXPECT_THAT(Errors(ReadModel("", R"(,"outputs":{"classes":
                  {"format":{"mediaType":"image/png"}}})")),
              HasSubstr("not offered as \"image/png\""));
}

TEST_F(ExecuteBodyTest, AnEmptyListOfOutputsIsNotAllOfThem) {
  const auto parsed = ReadModel("", R"(,"outputs":{})");
  ASSERT_TRUE(parsed.request.outputs.has_value());
  EXPECT_TRUE(parsed.request.outputs->empty());
}

TEST_F(ExecuteBodyTest, SubscribersPassTheUrlGate) {
  const auto good = ReadModel(
      "", R"(,"subscriber":{"successUri":"https://example.org/done"})");
  EXPECT_THAT(good.errors, IsEmpty()) << Errors(good);
  EXPECT_EQ(good.request.success_uri, "https://example.org/done");
  const auto bad =
      ReadModel("", R"(,"subscriber":{"successUri":"file:///etc/passwd",
             "failedUri":7})");
  EXPECT_EQ(bad.errors.size(), 2u) << Errors(bad);
}

}  // namespace
}  // namespace pushbroom::api
