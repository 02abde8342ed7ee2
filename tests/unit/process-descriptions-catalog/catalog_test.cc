#include "process-descriptions/catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/process-descriptions-catalog/archives.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "models")),
        store_(NewMemoryJobStore(JobStore::Options(), clock_)),
        policy_(*UrlPolicy::Create({})),
        client_(policy_),
        directory_(fs::path(scratch_.File("items")).lexically_normal()) {
    options_.artifacts.directory = scratch_.File("artifacts");
    options_.artifacts.max_bytes = 1 << 20;
    fs::create_directories(directory_);
    catalog_ = Make();
    Write("model.pt", testing::TorchScript());
  }

  std::unique_ptr<Catalog> Make() {
    return std::make_unique<Catalog>(options_, *store_, client_);
  }

  void Write(const std::string& name, const std::string& bytes) {
    const fs::path path = fs::path(directory_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

  void WriteItem(const std::string& name, const std::string& id,
                 const Json& patch = Json::object()) {
    Json item = Json::parse(kItem);
    item["id"] = id;
    item.merge_patch(patch);
    Write(name, DumpJson(item));
  }

  absl::Status Register() {
    return catalog_->RegisterDirectory(directory_, {});
  }

  // What a worker does with a probe job; absent if there is none.
  std::optional<LeasedJob> ClaimProbe() {
    auto leased = store_->Claim({"worker", "default"});
    EXPECT_OK(leased);
    return leased.ok() ? *leased : std::nullopt;
  }

  void RunProbe(bool runnable) {
    const auto leased = ClaimProbe();
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->job.kind, JobKind::kProbe);
    EXPECT_FALSE(leased->job.listed);
    ModelProbe probe;
    probe.runnable = runnable;
    if (!runnable) {
      probe.diagnostics.push_back(
          {Severity::kError, "probe-load", "", "no such operator"});
    }
    ASSERT_OK(store_->SetProbe(leased->job.model_digest, "default", probe));
    ASSERT_OK(store_->Succeed(leased->lease, JobResult()));
  }

  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& process : catalog_->List()) ids.push_back(process->id);
    return ids;
  }

  std::vector<std::string> Codes(const std::string& id) {
    std::vector<std::string> codes;
    const auto process = catalog_->Find(id);
    if (!process) return codes;
    for (const auto& found : process->diagnostics) {
      if (found.level != Severity::kInfo) codes.push_back(found.code);
    }
    return codes;
  }

  ScratchDirectory scratch_;
  testing::FakeClock clock_;
  std::unique_ptr<JobStore> store_;
  UrlPolicy policy_;
  HttpClient client_;
  const std::string directory_;
  CatalogOptions options_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, EchoIsBuiltInAndCanBeSwitchedOff) {
  ASSERT_NE(catalog_->Find("echo"), nullptr);
  EXPECT_EQ(catalog_->Find("echo")->state, ProcessState::kAvailable);
  EXPECT_TRUE(catalog_->settled());
  options_.echo = false;
  EXPECT_THAT(Make()->List(), IsEmpty());
}

TEST_F(CatalogTest, AModelIsCheckedByAWorkerAndThenServed) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  EXPECT_THAT(Ids(), ElementsAre("echo", "water"));
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kChecking);
  EXPECT_FALSE(catalog_->settled());
  RunProbe(true);
  ASSERT_OK(catalog_->Refresh());
  const auto water = catalog_->Find("water");
  EXPECT_EQ(water->state, ProcessState::kAvailable) << water->reason;
  EXPECT_EQ(water->description.process["id"], "water");
  EXPECT_TRUE(catalog_->settled());
  ASSERT_OK_AND_ASSIGN(const ModelRecord record,
                       store_->GetModel(water->model_digest));
  EXPECT_EQ(*ReadFile(record.artifact_path), testing::TorchScript());
}

TEST_F(CatalogTest, AModelThatWasProbedIsNotProbedAgain) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  RunProbe(true);
  catalog_ = Make();
  ASSERT_OK(Register());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kAvailable);
  EXPECT_FALSE(ClaimProbe());
}

TEST_F(CatalogTest, SeveralCatalogsShareOneProbe) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  auto other = Make();
  ASSERT_OK(other->RegisterDirectory(directory_, {}));
  RunProbe(true);
  EXPECT_FALSE(ClaimProbe());
  ASSERT_OK(other->Refresh());
  EXPECT_EQ(other->Find("water")->state, ProcessState::kAvailable);
}

TEST_F(CatalogTest, AModelThatDoesNotRunIsListedWithTheReason) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  RunProbe(false);
  ASSERT_OK(catalog_->Refresh());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kUnavailable);
  EXPECT_EQ(catalog_->Find("water")->reason, "no such operator");
}

TEST_F(CatalogTest, AProbeThatFailsIsTheReasonUntilTheNextStart) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  const auto leased = ClaimProbe();
  ASSERT_TRUE(leased);
  ASSERT_OK(store_->Fail(
      leased->lease, {absl::StatusCode::kInternal, "worker lost", ""}, false));
  ASSERT_OK(catalog_->Refresh());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kUnavailable);
  EXPECT_THAT(catalog_->Find("water")->reason, HasSubstr("worker lost"));
  EXPECT_TRUE(catalog_->settled());
  // The operator gave the workers more memory and starts again.
  catalog_ = Make();
  ASSERT_OK(Register());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kChecking);
  RunProbe(true);
  ASSERT_OK(catalog_->Refresh());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kAvailable);
}

TEST_F(CatalogTest, EveryProblemIsReportedAndTheOthersAreServed) {
  WriteItem("a.json", "good");
  WriteItem("b.json", "bad", Json::parse(R"({
      "properties": {"mlm:input": [{
        "name": "scene", "bands": ["red", "nir"],
        "input": {"shape": [-1, 3, 64, 64],
                  "dim_order": ["batch", "bands", "height", "width"],
                  "data_type": "float32"}}]},
      "assets": {"model": {"href": "./none.pt"}}})"));
  Write("c.json", "{ no json");
  Write("d.json", R"({"scores": [1, 2]})");
  ASSERT_OK(Register());
  EXPECT_THAT(Ids(), ElementsAre("bad", "echo", "good"));
  const auto bad = catalog_->Find("bad");
  EXPECT_EQ(bad->state, ProcessState::kUnavailable);
  EXPECT_THAT(Codes("bad"), ::testing::IsSupersetOf({"channels-bands-mismatch",
                                                     "artifact-unavailable"}));
  EXPECT_THAT(bad->reason, HasSubstr("none.pt"));
  RunProbe(true);
  EXPECT_FALSE(ClaimProbe());  // the bad one has no probe
}

TEST_F(CatalogTest, ACorruptArtifactIsAReason) {
  Write("model.pt", testing::TorchSave());
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kUnavailable);
  EXPECT_THAT(Codes("water"), ElementsAre("artifact-not-torchscript"));
}

TEST_F(CatalogTest, AnArtifactThatCameLaterIsTakenAtTheNextStart) {
  WriteItem(
      "water.json", "water",
      {{"assets",
        {{"model",
          {{"href", "./later.pt"},
           {"file:checksum", "1220" + Sha256Hex(testing::TorchScript())}}}}}});
  ASSERT_OK(Register());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kUnavailable);
  Write("later.pt", testing::TorchScript());
  ASSERT_OK(Register());
  RunProbe(true);
  ASSERT_OK(catalog_->Refresh());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kAvailable)
      << catalog_->Find("water")->reason;
}

TEST_F(CatalogTest, OfTwoItemsWithOneIdTheFirstIsServedAndNamesTheOther) {
  WriteItem("a.json", "water", {{"properties", {{"title", "first"}}}});
  WriteItem("b.json", "water", {{"properties", {{"title", "second"}}}});
  for (int start = 0; start < 2; ++start) {
    ASSERT_OK(Register());
    EXPECT_EQ(catalog_->Find("water")->description.process["title"], "first");
    EXPECT_THAT(Codes("water"), ElementsAre("duplicate-process-id"));
    EXPECT_THAT(catalog_->Find("water")->diagnostics.back().text,
                HasSubstr("b.json"));
  }
}

TEST_F(CatalogTest, ADirectoryDoesNotTakeAnIdFromAnother) {
  WriteItem("one/water.json", "water", {{"properties", {{"title", "first"}}}});
  WriteItem("two/water.json", "water", {{"properties", {{"title", "other"}}}});
  Write("one/model.pt", testing::TorchScript());
  ASSERT_OK(catalog_->RegisterDirectory(directory_ + "/one", {}));
  ASSERT_OK(catalog_->RegisterDirectory(directory_ + "/two", {}));
  EXPECT_EQ(catalog_->Find("water")->description.process["title"], "first");
  EXPECT_THAT(Codes("water"), ElementsAre("duplicate-process-id"));
}

TEST_F(CatalogTest, ItemsInSubdirectoriesAreFound) {
  WriteItem("deep/water.json", "water");
  Write("deep/model.pt", testing::TorchScript());
  WriteItem("deep/er/sea.json", "sea");
  ASSERT_OK(Register());
  EXPECT_THAT(Ids(), ElementsAre("echo", "water"));
}

TEST_F(CatalogTest, AnItemThatVanishedIsRetired) {
  WriteItem("water.json", "water");
  WriteItem("snow.json", "snow");
  ASSERT_OK(Register());
  fs::remove(directory_ + "/snow.json");
  catalog_ = Make();
  ASSERT_OK(Register());
  EXPECT_THAT(Ids(), ElementsAre("echo", "water"));
}

TEST_F(CatalogTest, ModelsOfDirectoriesThatAreNotConfiguredAreRetired) {
  WriteItem("one/water.json", "water");
  WriteItem("two/snow.json", "snow");
  ASSERT_OK(catalog_->RegisterDirectory(directory_ + "/one", {}));
  ASSERT_OK(catalog_->RegisterDirectory(directory_ + "/two", {}));
  ASSERT_OK(catalog_->RetireOutside({directory_ + "/two/"}));
  EXPECT_THAT(Ids(), ElementsAre("echo", "snow"));
}

TEST_F(CatalogTest, AChangedItemIsProbedAnew) {
  WriteItem("water.json", "water");
  ASSERT_OK(Register());
  RunProbe(true);
  WriteItem("water.json", "water", {{"properties", {{"title", "new"}}}});
  ASSERT_OK(Register());
  EXPECT_EQ(catalog_->Find("water")->state, ProcessState::kChecking);
  RunProbe(true);
  ASSERT_OK(catalog_->Refresh());
  EXPECT_EQ(catalog_->Find("water")->description.process["title"], "new");
}

TEST_F(CatalogTest, AnUnreadableDirectoryAndACancelledCallSaySo) {
  EXPECT_STATUS(catalog_->RegisterDirectory(directory_ + "/none", {}),
                absl::StatusCode::kNotFound, "none");
  WriteItem("water.json", "water");
  CancelToken cancel;
  cancel.Cancel(absl::CancelledError("the service ends"));
  EXPECT_STATUS(catalog_->RegisterDirectory(directory_, cancel),
                absl::StatusCode::kCancelled, "the service ends");
}

TEST_F(CatalogTest, TheIdOfABuiltInProcessIsTaken) {
  Model model;
  model.id = "echo";
  EXPECT_STATUS(catalog_->Register(model, {}), absl::StatusCode::kAlreadyExists,
                "built-in");
  model.id = "../x";
  EXPECT_STATUS(catalog_->Register(model, {}),
                absl::StatusCode::kInvalidArgument, "process id");
}

}  // namespace
}  // namespace pushbroom
