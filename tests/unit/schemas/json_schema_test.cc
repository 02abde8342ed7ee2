#include "schemas/json_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;

JsonSchema Compiled(const char* text) {
  auto schema = JsonSchema::Compile(Json::parse(text));
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *std::move(schema);
}

// "pointer: message" of each problem, sorted by pointer.
std::string Problems(const JsonSchema& schema, const char* value) {
  std::vector<std::string> lines;
  for (const SchemaProblem& problem : schema.Check(Json::parse(value))) {
    lines.push_back(problem.pointer + ": " + problem.message);
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(JsonSchemaTest, SaysWhatItExpectedAndWhatItGot) {
  const JsonSchema schema =
      Compiled(R"({"type": "number", "minimum": 0, "maximum": 1})");
  EXPECT_EQ(Problems(schema, "0.5"), "");
  EXPECT_EQ(Problems(schema, R"("abc")"),
            ": expected a number between 0 and 1, got \"abc\"\n");
  EXPECT_EQ(Problems(schema, "2.5"),
            ": expected a number between 0 and 1, got 2.5\n");
  const auto problems = schema.Check(Json("abc"));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].expected, "a number between 0 and 1");
  EXPECT_EQ(problems[0].got, "\"abc\"");
}

TEST(JsonSchemaTest, ReportsEveryProblemWithItsPointer) {
  const JsonSchema schema = Compiled(R"({
    "type": "object", "additionalProperties": false, "required": ["name"],
    "properties": {
      "name": {"type": "string", "minLength": 1},
      "size": {"type": "integer", "minimum": 1},
      "a/b": {"type": "array", "maxItems": 2, "items": {"type": "boolean"}},
      "mode": {"enum": ["fast", "slow"]}}})");
  EXPECT_EQ(Problems(schema, R"({"name": "x", "size": 3, "a/b": [true]})"), "");
  EXPECT_EQ(
      Problems(schema,
               R"({"siz": 1, "other": 2, "size": 0, "a/b": [1, true, false],
                   "mode": "medium"})"),
      "/a~1b/0: expected true or false, got 1\n"
      "/a~1b: expected an array of at most 2 elements, got an array of 3 "
      "elements\n"
      "/mode: expected one of \"fast\", \"slow\", got \"medium\"\n"
      "/name: expected a string of at least 1 characters, got nothing\n"
      "/other: unknown member \"other\", expected one of a/b, mode, name, "
      "size\n"
      "/siz: unknown member \"siz\", did you mean \"size\"\n"
      "/size: expected an integer of at least 1, got 0\n");
}

TEST(JsonSchemaTest, ReadsNullableAsOpenApiMeansIt) {
  const JsonSchema plain = Compiled(R"({"type": "string", "nullable": true})");
  EXPECT_EQ(Problems(plain, "null"), "");
  EXPECT_EQ(Problems(plain, "1"), ": expected a string or null, got 1\n");
  const JsonSchema chosen =
      Compiled(R"({"type": "string", "enum": ["a"], "nullable": true})");
  EXPECT_EQ(Problems(chosen, "null"), "");
  EXPECT_NE(Problems(chosen, R"("b")"), "");
  const JsonSchema referred = Compiled(R"({"properties": {"x": {
      "allOf": [{"$ref": "#/definitions/t"}], "nullable": true}},
      "definitions": {"t": {"type": "number"}}})");
  EXPECT_EQ(Problems(referred, R"({"x": null})"), "");
  EXPECT_EQ(Problems(referred, R"({"x": 1})"), "");
  EXPECT_NE(Problems(referred, R"({"x": "1"})"), "");
  EXPECT_NE(
      Problems(Compiled(R"({"type": "string", "nullable": false})"), "null"),
      "");
}

TEST(JsonSchemaTest, ReadsExclusiveBoundsOfBothDialects) {
  const JsonSchema openapi = Compiled(
      R"({"type": "number", "minimum": 0, "exclusiveMinimum": true,
          "maximum": 1, "exclusiveMaximum": false})");
  EXPECT_EQ(Problems(openapi, "1"), "");
  EXPECT_EQ(Problems(openapi, "0"),
            ": expected a number of at most 1 greater than 0, got 0\n");
  const JsonSchema draft7 = Compiled(R"({"exclusiveMaximum": 1})");
  EXPECT_EQ(Problems(draft7, "1"), ": expected a number less than 1, got 1\n");
  EXPECT_EQ(Problems(draft7, "0.99"), "");
}

TEST(JsonSchemaTest, TakesAWholeFloatForAnInteger) {
  const JsonSchema schema =
      Compiled(R"({"type": "integer", "enum": [5.0, 6]})");
  EXPECT_EQ(Problems(schema, "5"), "");
  EXPECT_EQ(Problems(schema, "6.0"), "");
  EXPECT_NE(Problems(schema, "5.5"), "");
}

TEST(JsonSchemaTest, ChecksDatesAndIgnoresFormatsItDoesNotKnow) {
  const JsonSchema time = Compiled(R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(Problems(time, R"("2024-02-29T10:00:00Z")"), "");
  EXPECT_EQ(Problems(time, R"("2024-02-29T10:00:00.25+02:00")"), "");
  EXPECT_EQ(Problems(time, R"("yesterday")"),
            ": expected a date and time such as \"2024-05-01T10:00:00Z\", got "
            "\"yesterday\"\n");
  EXPECT_NE(Problems(time, R"("2023-02-29T10:00:00Z")"), "");
  EXPECT_EQ(Problems(Compiled(R"({"format": "ogc-bbox"})"), R"({"a": 1})"), "");
  EXPECT_EQ(
      Problems(Compiled(R"({"type":"string","format":"uri"})"), R"("no uri")"),
      "");
}

TEST(JsonSchemaTest, ExplainsTheAlternativeOfTheValuesType) {
  const JsonSchema schema = Compiled(R"({"properties": {"in": {"oneOf": [
    {"type": "string"},
    {"type": "object", "required": ["href"],
     "properties": {"href": {"type": "string"}, "n": {"type": "integer"}}},
    {"type": "object", "required": ["value"]}]}}})");
  EXPECT_EQ(Problems(schema, R"({"in": "x"})"), "");
  EXPECT_EQ(Problems(schema, R"({"in": {"href": "x", "n": "y"}})"),
            "/in/n: expected an integer, got \"y\"\n");
  EXPECT_EQ(Problems(schema, R"({"in": 3})"),
            "/in: expected a string or an object with \"href\" or an object "
            "with \"value\", got 3\n");
  EXPECT_EQ(Problems(schema, R"({"in": {"href": "x", "value": 1}})"),
            "/in: expected exactly one of: a string or an object with "
            "\"href\" or an object with \"value\", got an object\n");
}

TEST(JsonSchemaTest, FollowsReferencesInsideTheSchemaOnly) {
  const JsonSchema tree = Compiled(R"({"$ref": "#/definitions/node",
    "definitions": {"node": {"type": "object", "properties": {
      "children": {"type": "array", "items": {"$ref": "#/definitions/node"}},
      "v": {"type": "integer"}}}}})");
  EXPECT_EQ(Problems(tree, R"({"children": [{"children": [{"v": 1}]}]})"), "");
  EXPECT_EQ(Problems(tree, R"({"children": [{"children": [{"v": "x"}]}]})"),
            "/children/0/children/0/v: expected an integer, got \"x\"\n");
  const auto compile = [](const char* text) {
    return JsonSchema::Compile(Json::parse(text));
  };
  EXPECT_STATUS(compile(R"({"$ref": "http://example.com/a.json"})"),
                absl::StatusCode::kInvalidArgument, "leaves the schema");
  EXPECT_STATUS(compile(R"({"$ref": "#/definitions/no"})"),
                absl::StatusCode::kInvalidArgument, "leads nowhere");
  EXPECT_STATUS(compile(R"({"properties": {"x": {"$ref": "#/definitions/a"}},
      "definitions": {"a": {"$ref": "#/definitions/b"},
                      "b": {"$ref": "#/definitions/a"}}})"),
                absl::StatusCode::kInvalidArgument, "back to itself");
}

TEST(JsonSchemaTest, RefusesWhatIsNoSchema) {
  EXPECT_FALSE(JsonSchema::Compile(Json::parse(R"({"type": "strnig"})")).ok());
  EXPECT_FALSE(JsonSchema::Compile(Json::parse(R"({"pattern": "("})")).ok());
  EXPECT_FALSE(JsonSchema::Compile(Json::parse(R"({"minimum": "x"})")).ok());
}

TEST(JsonSchemaTest, ALongTextCannotOverflowTheStackOfAPattern) {
  const JsonSchema schema =
      Compiled(R"({"type":"string","pattern":"^(a|b)*$"})");
  EXPECT_EQ(Problems(schema, R"("abab")"), "");
  const auto problems = schema.Check(Json(std::string(1 << 20, 'a')));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr("a string that matches ^(a|b)*$"));
  EXPECT_LT(problems[0].message.size(), 200u);
}

TEST(JsonSchemaTest, ComparesUniqueItemsInBoundedTime) {
  const JsonSchema schema = Compiled(R"({"uniqueItems": true})");
  EXPECT_EQ(Problems(schema, "[1, 2, 3]"), "");
  EXPECT_THAT(Problems(schema, "[1, 2, 1.0]"), HasSubstr("all different"));
  EXPECT_EQ(schema.Check(Json(std::vector<int>(200'000, 1))).size(), 1u);
}

TEST(JsonSchemaTest, AReportIsNeverEmptyForAWrongValue) {
  EXPECT_NE(Problems(Compiled(R"({"propertyNames": {"maxLength": 2}})"),
                     R"({"abc": 1})"),
            "");
  EXPECT_NE(
      Problems(Compiled(R"({"properties": {"a": false}})"), R"({"a": 1})"), "");
  EXPECT_NE(Problems(Compiled("false"), "1"), "");
  EXPECT_NE(Problems(Compiled(R"({"if": {"type": "string"},
                                  "then": {"minLength": 2}})"),
                     R"("a")"),
            "");
}

TEST(JsonSchemaTest, SaysItInTheWordsOfTheSchemaWhereItHasSome) {
  EXPECT_EQ(Problems(Compiled(R"({"type": "string", "pattern": "^\\d+s$",
                                  "x-expected": "seconds such as \"30s\""})"),
                     R"("x")"),
            ": expected seconds such as \"30s\", got \"x\"\n");
}

TEST(JsonSchemaTest, ManyThreadsMayCheckAtOnce) {
  const JsonSchema schema = Compiled(
      R"({"properties": {"a": {"type": "string", "pattern": "^x+$"}}})");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&schema] {
      for (int n = 0; n < 200; ++n) {
        EXPECT_TRUE(schema.Check(Json{{"a", "xxx"}}).empty());
        EXPECT_EQ(schema.Check(Json{{"a", "y"}}).size(), 1u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(NearestWordTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> known = {"http.port", "jobs.lease"};
  EXPECT_EQ(NearestWord("http.prot", known), "http.port");
  EXPECT_EQ(NearestWord("HTTP.PORT", known), "http.port");
  EXPECT_EQ(NearestWord("colour", known), "");
}

}  // namespace
}  // namespace pushbroom
