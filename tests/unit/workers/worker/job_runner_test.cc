#include "workers/job_runner.h"

#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/worker/doubles.h"
#include "tests/unit/workers/worker/memory_storage.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;
using testing::PuppetJob;
using testing::PuppetModel;

class JobRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(ScratchDirectory made,
                         ScratchDirectory::Create(::testing::TempDir(), "jr-"));
    scratch_ = std::make_unique<ScratchDirectory>(std::move(made));
    context_.lease_token = "token";
    context_.scratch_directory = scratch_->path();
    context_.progress = [this](const Progress& p) { said_.push_back(p); };
    options_.public_url = "https://api.example";
    options_.collection = "results";
    options_.software = {{"pushbroom", "0.1.0"}};
  }

  absl::StatusOr<JobResult> Run(const Job& job,
                                const ModelRecord& model = PuppetModel()) {
    JobRunner runner(options_, engine_, storage_, Seams(), clock_);
    return runner.Run(job, model, context_);
  }

  RunnerSeams Seams() {
    return seams_ ? *seams_ : testing::FakeSeams(200, 150, &scene_);
  }

  testing::FakeClock clock_;
  testing::PuppetEngine engine_;
  testing::MemoryStorage storage_;
  Scene scene_ = testing::PuppetScene();
  std::optional<RunnerSeams> seams_;
  RunnerOptions options_;
  RunContext context_;
  std::vector<Progress> said_;
  std::unique_ptr<ScratchDirectory> scratch_;
};

TEST_F(JobRunnerTest, AClassRasterAndItsItemAreStoredUnderTheAttempt) {
  const Job job = PuppetJob();
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(job));
  const std::string key = "results/" + job.id + "/token/classes.tif";
  ASSERT_EQ(result.outputs.count("classes"), 1u);
  EXPECT_EQ(result.outputs.at("classes").key, key);
  EXPECT_EQ(result.outputs.at("classes").size_bytes, 200 * 150);
  EXPECT_EQ(result.outputs.count("probabilities"), 0u);
  ASSERT_OK_AND_ASSIGN(const std::string bytes,
                       storage_.GetBytes(key, 1 << 20));
  ASSERT_EQ(bytes.size(), 200u * 150u);
  EXPECT_EQ(static_cast<uint8_t>(bytes[50]), 255);  // the invalid first row
  EXPECT_EQ(bytes[200 + 50], 0);
  EXPECT_EQ(bytes[200 + 150], 1);

  EXPECT_EQ(result.item["id"], job.id);
  EXPECT_EQ(result.item["assets"]["classes"]["href"], "storage:" + key);
  EXPECT_EQ(result.outputs.at("item").value, result.item);
  EXPECT_EQ(result.outputs.at("item").media_type, "application/geo+json");
  EXPECT_EQ(result.collection, "results");
}

TEST_F(JobRunnerTest, TheSummaryCountsTilesAndClasses) {
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(PuppetJob()));
  EXPECT_EQ(result.summary["tiles"], PlannedTiles(200, 150, 64, 16));
  EXPECT_EQ(result.summary["width"], 200);
  EXPECT_GT(result.summary["peak_memory_bytes"].get<int64_t>(), 0);
  const double bright = result.summary["classes"]["bright"];
  EXPECT_NEAR(bright, 99.0 / 200, 0.02);
}

TEST_F(JobRunnerTest, ProgressIsTilesDoneAndNeverSaysReadyTooSoon) {
  ASSERT_OK(Run(PuppetJob()));
  Progress last;
  for (const Progress& p : said_) {
    EXPECT_LT(p.percent, 100);
    if (p.tiles_planned == 0) continue;
    EXPECT_GE(p.tiles_done, last.tiles_done);
    last = p;
  }
  EXPECT_EQ(last.tiles_done, last.tiles_planned);
  EXPECT_EQ(last.percent, 99);
}

TEST_F(JobRunnerTest, ProbabilitiesAreWrittenWhenAskedFor) {
  Job job = PuppetJob();
  job.request.probabilities = true;
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(job));
  ASSERT_EQ(result.outputs.count("probabilities"), 1u);
  EXPECT_EQ(result.outputs.at("probabilities").size_bytes, 200 * 150 * 2 * 4);
  EXPECT_TRUE(result.item["assets"].contains("probabilities"));
}

TEST_F(JobRunnerTest, OnlyTheOutputsAskedForAreInTheResult) {
  Job job = PuppetJob();
  job.request.outputs.emplace();
  (*job.request.outputs)["item"] = OutputRequest();
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(job));
  EXPECT_EQ(result.outputs.size(), 1u);
  EXPECT_TRUE(result.item["assets"].contains("classes"));
}

TEST_F(JobRunnerTest, TheRequestNamesItemAndCollection) {
  Job job = PuppetJob();
  job.request.item_id = "mine";
  job.request.collection = "ours";
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(job));
  EXPECT_EQ(result.item["id"], "mine");
  EXPECT_EQ(result.item["collection"], "ours");
  EXPECT_EQ(result.collection, "ours");
}

TEST_F(JobRunnerTest, WarningsOfTheSceneReachSummaryAndItem) {
  scene_.warnings = {"the offset is not known"};
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(PuppetJob()));
  EXPECT_THAT(DumpJson(result.summary["warnings"]), HasSubstr("offset"));
  EXPECT_THAT(DumpJson(result.item), HasSubstr("the offset is not known"));
}

TEST_F(JobRunnerTest, AServersPathOfTheModelIsNotPublished) {
  ModelRecord model = PuppetModel();
  model.model.item_href = "/srv/models/puppet.json";
  ASSERT_OK_AND_ASSIGN(const JobResult result, Run(PuppetJob(), model));
  EXPECT_THAT(DumpJson(result.item), ::testing::Not(HasSubstr("/srv/")));
  EXPECT_EQ(result.item["links"][0]["href"],
            "https://api.example/processes/puppet");
}

TEST_F(JobRunnerTest, ErrorsOfTheScenePointToItsInput) {
  seams_ = testing::FakeSeams(10, 10, &scene_);
  seams_->open =
      [](const std::vector<RasterBand>&,
         const GridRequest&) -> absl::StatusOr<std::unique_ptr<SceneReader>> {
    return absl::InvalidArgumentError("no raster");
  };
  const auto result = Run(PuppetJob());
  EXPECT_STATUS(result, absl::StatusCode::kInvalidArgument, "no raster");
  EXPECT_EQ(PointerOf(result.status()), "/inputs/image");
}

TEST_F(JobRunnerTest, AModelThatCannotRunGivesItsReasons) {
  ModelRecord model = PuppetModel();
  model.probe->runnable = false;
  model.probe->diagnostics = {
      {Severity::kError, "no-forward", "", "the module has no forward"}};
  EXPECT_STATUS(Run(PuppetJob(), model), absl::StatusCode::kFailedPrecondition,
                "the module has no forward");
}

TEST_F(JobRunnerTest, RefusesASceneThatNeedsMoreMemoryThanAllowed) {
  options_.memory_limit_bytes = 1000;
  const auto result = Run(PuppetJob());
  EXPECT_STATUS(result, absl::StatusCode::kResourceExhausted,
                "the limit is 1000");
  EXPECT_FALSE(PointerOf(result.status()).empty());
}

TEST_F(JobRunnerTest, AStorageThatFailsIsWorthAnotherTry) {
  storage_.put_error = absl::InternalError("disk full");
  EXPECT_STATUS(Run(PuppetJob()), absl::StatusCode::kUnavailable, "disk full");
}

TEST_F(JobRunnerTest, StopsWhenCancelled) {
  context_.progress = [this](const Progress& p) {
    if (p.tiles_done == 3) {
      context_.cancel.Cancel(absl::CancelledError("dismissed"));
    }
  };
  EXPECT_STATUS(Run(PuppetJob()), absl::StatusCode::kCancelled, "dismissed");
  ASSERT_OK_AND_ASSIGN(const auto keys, storage_.List(""));
  EXPECT_TRUE(keys.empty());
}

}  // namespace
}  // namespace pushbroom
