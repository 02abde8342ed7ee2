#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

using ::testing::IsEmpty;

ModelRecord Record(std::string digest, std::string process_id) {
  ModelRecord record;
  record.digest = std::move(digest);
  record.process_id = record.model.id = std::move(process_id);
  record.model.title = "Clouds";
  record.artifact_path = "/models/" + record.digest + ".pt";
  return record;
}

ModelProbe Runnable() {
  ModelProbe probe;
  probe.runnable = true;
  probe.device = "cpu";
  probe.tile_sizes = {256, 512};
  return probe;
}

std::vector<std::string> Current(JobStore& store) {
  auto records = store.CurrentModels();
  EXPECT_OK(records);
  std::vector<std::string> digests;
  for (const ModelRecord& record : *records) digests.push_back(record.digest);
  return digests;
}

TEST_P(JobStoreContract, KeepsAModelUnderItsDigest) {
  ASSERT_OK(store().PutModel(Record("d1", "cloud-mask")));
  ASSERT_OK_AND_ASSIGN(const ModelRecord kept, Another()->GetModel("d1"));
  EXPECT_EQ(kept.process_id, "cloud-mask");
  EXPECT_EQ(kept.artifact_path, "/models/d1.pt");
  EXPECT_TRUE(kept.current);
  EXPECT_FALSE(kept.probe.has_value());
  EXPECT_EQ(kept.created, clock_.Now());
  EXPECT_EQ(ToJson(kept.model), ToJson(Record("d1", "cloud-mask").model));
  EXPECT_STATUS(store().GetModel("d2"), absl::StatusCode::kNotFound, "d2");
}

TEST_P(JobStoreContract, ServesOneModelAProcess) {
  ASSERT_OK(store().PutModel(Record("old", "b")));
  ASSERT_OK(store().PutModel(Record("new", "b")));
  ASSERT_OK(store().PutModel(Record("other", "a")));
  EXPECT_THAT(Current(store()), ::testing::ElementsAre("other", "new"));
  ASSERT_OK_AND_ASSIGN(const ModelRecord old, store().GetModel("old"));
  EXPECT_FALSE(old.current);  // kept for its jobs
}

TEST_P(JobStoreContract, KeepsTheProbeOfAModelThatComesBack) {
  ASSERT_OK(store().PutModel(Record("d1", "p")));
  ASSERT_OK(store().SetProbe("d1", "gpu", Runnable()));
  ASSERT_OK(store().PutModel(Record("d2", "p")));
  ModelRecord moved = Record("d1", "p");
  moved.artifact_path = "/elsewhere.pt";
  ASSERT_OK(store().PutModel(moved));
  ASSERT_OK_AND_ASSIGN(const ModelRecord kept, store().GetModel("d1"));
  EXPECT_TRUE(kept.current);
  EXPECT_EQ(kept.artifact_path, "/elsewhere.pt");
  EXPECT_EQ(kept.pool, "gpu");
  ASSERT_TRUE(kept.probe.has_value());
  EXPECT_EQ(ToJson(*kept.probe), ToJson(Runnable()));
  EXPECT_THAT(Current(store()), ::testing::ElementsAre("d1"));
}

TEST_P(JobStoreContract, RetiresAProcessAndKeepsItsModel) {
  ASSERT_OK(store().PutModel(Record("d1", "p")));
  ASSERT_OK(store().RetireModel("p"));
  EXPECT_THAT(Current(store()), IsEmpty());
  EXPECT_OK(store().GetModel("d1"));
  EXPECT_STATUS(store().RetireModel("p"), absl::StatusCode::kNotFound, "p");
}

TEST_P(JobStoreContract, RefusesAProbeOfAnUnknownModel) {
  EXPECT_STATUS(store().SetProbe("d9", "cpu", Runnable()),
                absl::StatusCode::kNotFound, "d9");
}

}  // namespace
}  // namespace pushbroom::testing
