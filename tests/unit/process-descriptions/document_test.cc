#include "process-descriptions/document.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

TEST(DocumentTest, ReadsStrictJsonWithoutRemark) {
  Diagnostics diagnostics;
  ASSERT_OK_AND_ASSIGN(const Json json,
                       ParseDocument(R"({"a": [1, 2]})", "x", diagnostics));
  EXPECT_EQ(json, Json({{"a", {1, 2}}}));
  EXPECT_TRUE(diagnostics.list().empty());
}

TEST(DocumentTest, ReadsCommentsAndTrailingCommasAndSaysSo) {
  Diagnostics diagnostics;
  const char* text =
      "{ // a remark, with a comma,\n"
      "  \"a\": [1, 2, /* , */ ],\n"
      "  \"b\": \"// no, remark,]\",\n"
      "}";
  ASSERT_OK_AND_ASSIGN(const Json json,
                       ParseDocument(text, "item.json", diagnostics));
  EXPECT_EQ(json, Json({{"a", {1, 2}}, {"b", "// no, remark,]"}}));
  ASSERT_EQ(diagnostics.list().size(), 1u);
  EXPECT_EQ(diagnostics.list()[0].code, "json-lenient");
  EXPECT_EQ(diagnostics.list()[0].level, Severity::kWarning);
}

TEST(DocumentTest, NamesThePlaceInTheAuthorsTextWhenNothingHelps) {
  Diagnostics diagnostics;
  EXPECT_STATUS(ParseDocument("{\n\"a\": }", "item.json", diagnostics),
                absl::StatusCode::kInvalidArgument, "line 2");
}

TEST(DocumentTest, LeavesCommasThatSeparate) {
  EXPECT_EQ(StripTrailingCommas("[1,2]"), "[1,2]");
  EXPECT_EQ(StripTrailingCommas("[1, \"],\" , ]"), "[1, \"],\"   ]");
  EXPECT_EQ(StripTrailingCommas("[\"a\\\",]\",]"), "[\"a\\\",]\" ]");
}

TEST(DocumentTest, ReadsYamlScalarsAsTheCoreSchemaSays) {
  Diagnostics diagnostics;
  const char* text =
      "a: 1\nb: 1.5\nc: true\nd: null\ne: 1.5.2\nf: \"1\"\ng: [x, -2]\n"
      "h: 2026-11-20T00:00:00Z\ni: 1e3\n";
  ASSERT_OK_AND_ASSIGN(const Json json,
                       ParseDocument(text, "/m/item.yml", diagnostics));
  EXPECT_EQ(json, Json({{"a", 1},
                        {"b", 1.5},
                        {"c", true},
                        {"d", nullptr},
                        {"e", "1.5.2"},
                        {"f", "1"},
                        {"g", {"x", -2}},
                        {"h", "2026-11-20T00:00:00Z"},
                        {"i", 1000.0}}));
}

TEST(DocumentTest, CountsAliasesOfYamlAsOftenAsTheyAreUsed) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_STATUS(ParseYaml(bomb), absl::StatusCode::kResourceExhausted,
                "1000000");
}

TEST(DocumentTest, RefusesDeepYamlAndBrokenYaml) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "[";
  for (int i = 0; i < 100; ++i) deep += "]";
  EXPECT_STATUS(ParseYaml(deep), absl::StatusCode::kResourceExhausted, "64");
  EXPECT_STATUS(ParseYaml("a: [1"), absl::StatusCode::kInvalidArgument,
                "not YAML");
}

}  // namespace
}  // namespace pushbroom
