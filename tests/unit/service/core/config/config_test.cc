#include "service/core/config/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "schemas/json_schema.h"
#include "service/core/base/files.h"
#include "service/core/config/config_schema.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto scratch = ScratchDirectory::Create(
        std::filesystem::temp_directory_path(), "config-test");
    ASSERT_OK(scratch);
    scratch_.emplace(*std::move(scratch));
  }
  std::string Write(const std::string& text) {
    const std::string path = scratch_->File("pushbroom.yaml");
    EXPECT_OK(WriteFileAtomically(path, text));
    return path;
  }
  std::optional<ScratchDirectory> scratch_;
};

TEST_F(ConfigTest, TheStructHasTheDefaultsOfTheSchema) {
  const auto loaded = LoadConfig("", {}, {});
  ASSERT_OK(loaded);
  EXPECT_EQ(ToJson(*loaded), ToJson(Config{}));
  EXPECT_EQ(ToJson(Config{}), ConfigDefaults());
}

TEST_F(ConfigTest, EveryKeyOfTheSchemaIsDescribedLimitedAndHasADefault) {
  std::set<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    SCOPED_TRACE(key.dotted);
    const Json& schema = key.schema;
    EXPECT_NE(StringOr(schema, "description"), "");
    EXPECT_TRUE(schema.contains("default"));
    EXPECT_TRUE(names.insert(key.environment).second);
    const std::string type = StringOr(schema, "type");
    if (type == "integer") {
      EXPECT_TRUE(schema.contains("minimum") && schema.contains("maximum"));
    } else if (type == "string") {
      EXPECT_TRUE(schema.contains("maxLength") || schema.contains("enum") ||
                  schema.contains("x-maximum"));
    } else if (type == "array") {
      EXPECT_TRUE(schema.contains("maxItems") && schema.contains("items"));
    } else {
      EXPECT_EQ(type, "boolean");
    }
  }
}

TEST_F(ConfigTest, NoPartOfTheSchemaTakesUnknownKeys) {
  const std::function<void(const Json&)> walk = [&walk](const Json& schema) {
    if (StringOr(schema, "type") != "object") return;
    EXPECT_EQ(schema.value("additionalProperties", true), false)
        << StringOr(schema, "description");
    for (const Json& part : schema.at("properties")) walk(part);
  };
  walk(ConfigSchema());
}

TEST_F(ConfigTest, TheSchemaInTheProgramIsTheFileInTheTree) {
  const auto file =
      ParseJsonFile(testing::SourcePath("schemas/config.schema.json"));
  ASSERT_OK(file);
  EXPECT_EQ(*file, ConfigSchema());
}

TEST_F(ConfigTest, ReadsAFile) {
  const auto config = LoadConfig(Write(R"(
http:
  port: 9000
  bind: 0.0.0.0
jobs:
  lease: 1m30s
workers:      # nothing below it
models:
  directories: [a, b]
  echo: false
inputs:
  urls:
    allowed_ports: [8443]
    file_roots: [/data]
)"),
                                 {}, {});
  ASSERT_OK(config);
  EXPECT_EQ(config->http.port, 9000);
  EXPECT_EQ(config->http.bind, "0.0.0.0");
  EXPECT_EQ(config->http.files_port, 8081);
  EXPECT_EQ(config->jobs.lease, absl::Seconds(90));
  EXPECT_EQ(config->workers.count, 1);
  EXPECT_THAT(config->models.directories, ElementsAre("a", "b"));
  EXPECT_FALSE(config->models.echo);
  EXPECT_THAT(config->inputs.urls.allowed_ports, ElementsAre(8443));
  EXPECT_THAT(config->inputs.urls.file_roots, ElementsAre("/data"));
}

TEST_F(ConfigTest, TheEnvironmentGoesOverTheFileAndTheCommandLineOverBoth) {
  const std::string path = Write("http: {port: 1, files_port: 2, ops_port: 3}");
  const auto config =
      LoadConfig(path,
                 {{"PUSHBROOM_HTTP_FILES_PORT", "20"},
                  {"PUSHBROOM_HTTP_OPS_PORT", "30"},
                  {"PUSHBROOM_MODELS_DIRECTORIES", "a, b,"},
                  {"PUSHBROOM_INPUTS_URLS_ALLOWED_PORTS", "81,82"},
                  {"PUSHBROOM_MODELS_ECHO", "false"},
                  {"PUSHBROOM_JOBS_LEASE", "5s"},
                  {"HOME", "/root"}},
                 {{"http.ops_port", "300"}, {"data_dir", "/srv/p"}});
  ASSERT_OK(config);
  EXPECT_EQ(config->http.port, 1);
  EXPECT_EQ(config->http.files_port, 20);
  EXPECT_EQ(config->http.ops_port, 300);
  EXPECT_EQ(config->data_dir, "/srv/p");
  EXPECT_THAT(config->models.directories, ElementsAre("a", "b"));
  EXPECT_THAT(config->inputs.urls.allowed_ports, ElementsAre(81, 82));
  EXPECT_FALSE(config->models.echo);
  EXPECT_EQ(config->jobs.lease, absl::Seconds(5));
}

TEST_F(ConfigTest, AllProblemsComeInOneMessageWithTheirPlaceAndExpectation) {
  const std::string path = Write(R"(
http:
  port: abc
  prot: 1
jobs:
  lease: 10
  deadline: 0.5s
log:
  level: loud
)");
  const auto config = LoadConfig(
      path, {{"PUSHBROOM_WORKERS_COUNT", "-1"}, {"PUSHBROOM_HTTP_PROT", "1"}},
      {{"workers.jbos", "1"}});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(config.status().message());
  for (const std::string& line : std::vector<std::string>{
           "the configuration has 8 problems:",
           path + ":3: /http/port: expected an integer between 0 and 65535, "
                  "got \"abc\"",
           path + ":4: /http/prot: unknown member \"prot\", did you mean "
                  "\"port\"",
           path + ":6: /jobs/lease: expected a duration from 1s to 1h, such "
                  "as \"30s\", \"5m\" or \"1h30m\", got 10",
           path + ":7: /jobs/deadline: expected a duration from 1s to 720h",
           path + ":9: /log/level: expected one of \"debug\", \"info\", "
                  "\"warning\", \"error\", got \"loud\"",
           "PUSHBROOM_WORKERS_COUNT: /workers/count: expected an integer "
           "between 0 and 1024, got -1",
           "environment variable PUSHBROOM_HTTP_PROT is no key of the "
           "configuration, did you mean PUSHBROOM_HTTP_PORT",
           "command line: \"workers.jbos\" is no key of the configuration, "
           "did you mean workers.jobs"}) {
    EXPECT_THAT(message, HasSubstr(line));
  }
}

TEST_F(ConfigTest, VariablesOfOthersAreLeftAlone) {
  EXPECT_OK(LoadConfig(
      "",
      {{"PUSHBROOM_TEST_DATA", "/x"},
       {"PUSHBROOM_WORKER_SOCKET", "3"},
       // What Kubernetes sets for Services "pushbroom" and "pushbroom-http".
       {"PUSHBROOM_SERVICE_HOST", "10.0.0.1"},
       {"PUSHBROOM_SERVICE_PORT", "8080"},
       {"PUSHBROOM_SERVICE_PORT_HTTP", "8080"},
       {"PUSHBROOM_PORT", "tcp://10.0.0.1:8080"},
       {"PUSHBROOM_HTTP_PORT", "tcp://10.0.0.1:8080"},
       {"PUSHBROOM_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
       {"PUSHBROOM_PORT_8080_TCP_ADDR", "10.0.0.1"}},
      {}));
  EXPECT_STATUS(LoadConfig("", {{"PUSHBROOM_PORT", "8080"}}, {}),
                absl::StatusCode::kInvalidArgument, "PUSHBROOM_PORT");
}

TEST_F(ConfigTest, RulesBetweenKeysAreChecked) {
  EXPECT_STATUS(LoadConfig("", {}, {{"workers.tile_size", "64"}}),
                absl::StatusCode::kInvalidArgument,
                "/workers/overlap: expected at most half of tile_size, 64, "
                "got 64");
  EXPECT_STATUS(LoadConfig("", {}, {{"http.files_port", "8080"}}),
                absl::StatusCode::kInvalidArgument,
                "/http/files_port: expected a port other than http.port");
  EXPECT_OK(LoadConfig(
      "", {},
      {{"http.port", "0"}, {"http.files_port", "0"}, {"http.ops_port", "0"}}));
}

TEST_F(ConfigTest, AMissingOrBrokenFileIsNamed) {
  EXPECT_STATUS(LoadConfig("/no/such.yaml", {}, {}),
                absl::StatusCode::kInvalidArgument, "/no/such.yaml");
  EXPECT_STATUS(LoadConfig(Write("a: [1"), {}, {}),
                absl::StatusCode::kInvalidArgument, "pushbroom.yaml: line");
  EXPECT_STATUS(
      LoadConfig(Write("http: 5"), {{"PUSHBROOM_HTTP_PORT", "1"}}, {}),
      absl::StatusCode::kInvalidArgument, "/http: expected an object, got 5");
}

TEST_F(ConfigTest, GoesThroughJsonUnchanged) {
  Config config;
  config.http.public_url = "https://example.com/eo";
  config.jobs.retention = absl::Hours(1000);
  config.workers.max_delay = absl::Milliseconds(1500);
  config.models.directories = {"one", "two"};
  config.inputs.urls.allowed_networks = {"10.0.0.0/8", "fd00::/8"};
  config.inputs.max_pixels = int64_t{1} << 40;
  const auto back = ConfigFromJson(ToJson(config));
  ASSERT_OK(back);
  EXPECT_EQ(ToJson(*back), ToJson(config));
  EXPECT_EQ(back->workers.max_delay, absl::Milliseconds(1500));
  EXPECT_STATUS(ConfigFromJson(Json{{"prot", 1}}),
                absl::StatusCode::kInvalidArgument, "unknown member");
}

TEST_F(ConfigTest, TheTableForTheReadmeHasEveryKey) {
  const std::string table = ConfigMarkdown();
  EXPECT_THAT(table, HasSubstr("| `jobs.lease` | duration | `\"30s\"` | 1s – "
                               "1h | `PUSHBROOM_JOBS_LEASE` | "));
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_THAT(table, HasSubstr("| `" + key.dotted + "` |"));
  }
}

TEST_F(ConfigTest, DurationsHaveUnitsAndNoSign) {
  for (const char* wrong : {"", "30", "-1s", "inf", "abc", "1d"}) {
    EXPECT_FALSE(ParseConfigDuration(wrong).ok()) << wrong;
  }
  EXPECT_EQ(*ParseConfigDuration("1h30m"), absl::Minutes(90));
}

}  // namespace
}  // namespace pushbroom
