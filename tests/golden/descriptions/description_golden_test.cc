// The descriptions of the example models, as clients see them. After a wanted
// change: PUSHBROOM_UPDATE_GOLDEN=1 and a look at the difference.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "process-descriptions/describe.h"
#include "process-descriptions/reader.h"
#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom::testing {
namespace {

namespace fs = std::filesystem;

const char kExamples[] = "process-descriptions/examples";
const char kGolden[] = "process-descriptions/golden";

std::vector<std::string> ExampleIds() {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(SourcePath(kExamples))) {
    if (entry.is_directory()) ids.push_back(entry.path().filename());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string ItemPath(const std::string& id) {
  return SourcePath(std::string(kExamples) + "/" + id + "/item.json");
}

void CompareWithGolden(const std::string& id, const Json& process) {
  const std::string path =
      SourcePath(std::string(kGolden) + "/" + id + ".json");
  const std::string now = DumpJson(process, 2) + "\n";
  if (std::getenv("PUSHBROOM_UPDATE_GOLDEN")) {
    ASSERT_OK(WriteFileAtomically(path, now));
    return;
  }
  ASSERT_OK_AND_ASSIGN(const std::string golden, ReadFile(path));
  EXPECT_EQ(golden, now)
      << path << " differs; if that is wanted: PUSHBROOM_UPDATE_GOLDEN=1";
}

TEST(DescriptionGoldenTest, ExamplesAreDescribedAsBefore) {
  for (const std::string& id : ExampleIds()) {
    ASSERT_OK_AND_ASSIGN(const Model model, ReadModelFile(ItemPath(id)));
    CompareWithGolden(id, Describe(model, {}).process);
  }
}

TEST(DescriptionGoldenTest, EchoIsDescribedAsBefore) {
  CompareWithGolden("echo", DescribeEcho().process);
}

TEST(DescriptionGoldenTest, EveryGoldenFileHasItsExample) {
  std::vector<std::string> expected = ExampleIds();
  expected.push_back("echo");
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(SourcePath(kGolden))) {
    found.push_back(entry.path().stem());
  }
  EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
}

TEST(ExamplesTest, AreTheFourThatScriptsName) {
  EXPECT_THAT(ExampleIds(),
              ::testing::ElementsAre("buildings-rgb", "cloud-mask",
                                     "land-cover-s2", "land-cover-s2-mlp"));
}

TEST(ExamplesTest, AreReadWithoutRemarkAndCanRun) {
  for (const std::string& id : ExampleIds()) {
    ASSERT_OK_AND_ASSIGN(const Model model, ReadModelFile(ItemPath(id)));
    EXPECT_EQ(model.id, id);
    EXPECT_EQ(ToJson(model.diagnostics), Json::array()) << id;
    EXPECT_EQ(ToJson(CheckRunnable(model)), Json::array()) << id;
    EXPECT_FALSE(model.extra["pushbroom:limits"].empty()) << id;
    EXPECT_FALSE(model.extra["pushbroom:scores"].empty()) << id;
  }
}

TEST(ExamplesTest, HaveTheArtifactThatTheirItemsPromise) {
  for (const std::string& id : ExampleIds()) {
    ASSERT_OK_AND_ASSIGN(const Model model, ReadModelFile(ItemPath(id)));
    ASSERT_OK_AND_ASSIGN(const std::string sha256,
                         Sha256File(model.artifact.href));
    EXPECT_EQ(model.artifact.sha256, sha256) << id;
    EXPECT_EQ(model.artifact.size_bytes,
              static_cast<int64_t>(fs::file_size(model.artifact.href)))
        << id;
  }
}

// Radiometry: reflectance is stated by unit and float, stored values by an
// integer type.
TEST(ExamplesTest, SayWhetherTheyTakePhysicalValues) {
  for (const std::string& id : ExampleIds()) {
    ASSERT_OK_AND_ASSIGN(const Model model, ReadModelFile(ItemPath(id)));
    for (const ModelBand& band : model.inputs[0].bands) {
      const bool stored = id == "buildings-rgb";
      EXPECT_EQ(band.source_dtype,
                stored ? DataType::kUint8 : DataType::kFloat32);
      EXPECT_EQ(band.unit, stored ? "" : "1");
    }
  }
}

}  // namespace
}  // namespace pushbroom::testing
