#include "service/commands/describe.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom {
namespace {
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kItem[] = R"({
  "type": "Feature", "stac_version": "1.1.0", "id": "water",
  "stac_extensions":
    ["https://stac-extensions.github.io/mlm/v1.5.0/schema.json"],
  "geometry": null, "bbox": [-180, -90, 180, 90], "links": [],
  "properties": {
    "datetime": "2026-01-01T00:00:00Z",
    "mlm:name": "water", "mlm:architecture": "U-Net",
    "mlm:framework": "PyTorch", "mlm:tasks": ["semantic-segmentation"],
    "mlm:input": [{
      "name": "scene", "bands": ["red", "nir"],
      "input": {"shape": [-1, 2, 64, 64],
                "dim_order": ["batch", "bands", "height", "width"],
                "data_type": "float32"}}],
    "mlm:output": [{
      "name": "classes", "tasks": ["semantic-segmentation"],
      "result": {"shape": [-1, 2, 64, 64],
                 "dim_order": ["batch", "class", "height", "width"],
                 "data_type": "float32"},
      "classification:classes": [
        {"value": 0, "name": "land"}, {"value": 1, "name": "water"}]}]},
  "assets": {"model": {
    "href": "./model.pt", "roles": ["mlm:model"],
    "type": "application/octet-stream; application=pytorch",
    "mlm:artifact_type": "torch.jit.save"}}})";

class DescribeTest : public ::testing::Test {
 protected:
  DescribeTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "describe")) {
    std::ofstream(scratch_.File("item.json")) << kItem;
    std::filesystem::copy_file(testing::DataPath("models/s2_lulc_mlp.pt"),
                               scratch_.File("model.pt"));
    Worker("exit 9");
  }
  ~DescribeTest() override { unsetenv("PUSHBROOM_WORKER_BINARY"); }

  void Worker(const std::string& body) {
    const std::string path = scratch_.File("worker");
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    chmod(path.c_str(), 0755);
    setenv("PUSHBROOM_WORKER_BINARY", path.c_str(), 1);
  }

  int Run(bool json) {
    std::ostringstream out, err;
    const int status =
        DescribeItem(scratch_.File("item.json"), json, config_, out, err);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  std::vector<std::string> Codes() {
    std::vector<std::string> codes;
    const auto json = ParseJson(out_);
    EXPECT_OK(json);
    if (!json.ok()) return codes;
    for (const Json& found : (*json)["diagnostics"]) {
      codes.push_back(found["code"]);
    }
    return codes;
  }

  ScratchDirectory scratch_;
  Config config_;
  std::string out_, err_;
};

TEST_F(DescribeTest, ARunnableItemIsDescribedWithStatus0) {
  Worker(
      "test \"$1 $2\" = 'probe --json' && grep -q artifact_path && "
      "echo '{\"runnable\":true,\"device\":\"cpu\"}'");
  EXPECT_EQ(Run(true), 0) << out_;
  ASSERT_OK_AND_ASSIGN(const Json json, ParseJson(out_));
  EXPECT_EQ(json["process"]["id"], "water");
  EXPECT_EQ(json["model"]["id"], "water");
  EXPECT_EQ(Run(false), 0);
  EXPECT_THAT(out_, HasSubstr("bands red, nir"));
}

TEST_F(DescribeTest, WhatTheProbeSaysIsADiagnosticAndStatus3) {
  Worker(R"(echo '{"runnable":false,"diagnostics":[{"level":"error",
      "code":"model-load","pointer":"","text":"no such operator"}]}')");
  EXPECT_EQ(Run(true), 3);
  EXPECT_THAT(Codes(), Contains("model-load"));
}

TEST_F(DescribeTest, AWorkerThatCrashesIsTheReason) {
  Worker("kill -11 $$");
  EXPECT_EQ(Run(true), 3);
  EXPECT_THAT(Codes(), Contains("probe-failed"));
  EXPECT_THAT(out_, HasSubstr("signal 11"));
}

TEST_F(DescribeTest, WithoutAWorkerItSaysThatItWasNotProbed) {
  setenv("PUSHBROOM_WORKER_BINARY", "/nowhere/worker", 1);
  EXPECT_EQ(Run(true), 0) << out_;
  EXPECT_THAT(Codes(), Contains("not-probed"));
}

TEST_F(DescribeTest, ACorruptArtifactIsNotProbed) {
  std::ofstream(scratch_.File("model.pt")) << "corrupt";
  EXPECT_EQ(Run(true), 3);
  EXPECT_THAT(Codes(), Contains("artifact-not-torchscript"));
}

TEST_F(DescribeTest, WhatIsNoModelItemIsRefusedWithStatus4) {
  std::ofstream(scratch_.File("item.json")) << R"({"type": "Feature"})";
  EXPECT_EQ(Run(true), 4);
  EXPECT_THAT(Codes(), Contains("refused"));
  EXPECT_EQ(Run(false), 4);
  EXPECT_THAT(err_, HasSubstr("is refused"));
}

}  // namespace
}  // namespace pushbroom
