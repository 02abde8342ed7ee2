#include "service/core/config/yaml_reader.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

TEST(YamlReaderTest, ReadsScalarsByTheCoreSchema) {
  const auto document = ReadYaml(
      "a: 1\nb: '1'\nc: true\nd: yes\ne: 1.5\nf: ~\ng: 1e3\nh: 10.1.2.3\n"
      "i: [x, 2]\nj: 2024-01-01\nk: \"true\"\n");
  ASSERT_OK(document);
  EXPECT_EQ(document->root,
            Json::parse(R"({"a": 1, "b": "1", "c": true, "d": "yes", "e": 1.5,
                "f": null, "g": 1000.0, "h": "10.1.2.3", "i": ["x", 2],
                "j": "2024-01-01", "k": "true"})"));
  EXPECT_EQ(document->lines.at("/b"), 2);
  EXPECT_EQ(document->lines.at("/i/1"), 9);
}

TEST(YamlReaderTest, AnEmptyDocumentIsAnEmptyMapping) {
  for (const char* text : {"", "# nothing\n", "---\n"}) {
    const auto document = ReadYaml(text);
    ASSERT_OK(document);
    EXPECT_EQ(document->root, Json::object());
  }
}

TEST(YamlReaderTest, NamesTheLineOfWhatItRefuses) {
  EXPECT_STATUS(ReadYaml("a: 1\nb: [1, 2\n"),
                absl::StatusCode::kInvalidArgument, "line 3: not YAML");
  EXPECT_STATUS(ReadYaml("a: 1\nb: 2\na: 3\n"),
                absl::StatusCode::kInvalidArgument,
                "line 3: key \"a\" is given twice");
  EXPECT_STATUS(ReadYaml("- a\n"), absl::StatusCode::kInvalidArgument,
                "must be a mapping");
  EXPECT_STATUS(ReadYaml("? [a]\n: 1\n"), absl::StatusCode::kInvalidArgument,
                "a key must be plain text");
}

TEST(YamlReaderTest, AliasesCannotGrowIntoALargeTree) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string now = std::to_string(i);
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + now + ": &a" + now + " [";
    for (int k = 0; k < 10; ++k) text += (k ? ", " : "") + before;
    text += "]\n";
  }
  EXPECT_STATUS(ReadYaml(text), absl::StatusCode::kResourceExhausted,
                "more than");
}

}  // namespace
}  // namespace pushbroom
