#include "workers/dispatcher.h"

#include "service/core/base/status.h"
#include "service/core/jobs/memory_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/workers/worker/doubles.h"
#include "tests/unit/workers/worker/memory_storage.h"

namespace pushbroom {
namespace {

using testing::PuppetModel;

class DispatcherTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_;
  std::unique_ptr<JobStore> store_ = NewMemoryJobStore({}, clock_);
  testing::PuppetEngine engine_;
  testing::MemoryStorage storage_;
  Scene scene_ = testing::PuppetScene();
  JobRunner runner_{RunnerOptions(), engine_, storage_,
                    testing::FakeSeams(10, 10, &scene_), clock_};
  Dispatcher dispatcher_{"default", *store_, engine_, runner_};
};

TEST_F(DispatcherTest, AProbeJobSetsTheProbe) {
  ModelRecord model = PuppetModel();
  model.probe.reset();
  ASSERT_OK(store_->PutModel(model));
  engine_.probe = *PuppetModel().probe;
  Job job;
  job.kind = JobKind::kProbe;
  job.model_digest = model.digest;
  ASSERT_OK(dispatcher_.Run(job, RunContext()));
  ASSERT_OK_AND_ASSIGN(const ModelRecord probed,
                       store_->GetModel(model.digest));
  ASSERT_TRUE(probed.probe.has_value());
  EXPECT_TRUE(probed.probe->runnable);
  EXPECT_EQ(probed.pool, "default");
}

TEST_F(DispatcherTest, EchoNeedsNoModel) {
  Job job;
  job.process_id = "echo";
  job.request.values = {{"message", "hello"}};
  ASSERT_OK_AND_ASSIGN(const JobResult result,
                       dispatcher_.Run(job, RunContext()));
  EXPECT_EQ(result.outputs.at("message").value, "hello");
}

TEST_F(DispatcherTest, AModelThatIsGoneIsSaidSo) {
  EXPECT_STATUS(dispatcher_.Run(testing::PuppetJob(), RunContext()),
                absl::StatusCode::kFailedPrecondition, "not registered");
}

}  // namespace
}  // namespace pushbroom
