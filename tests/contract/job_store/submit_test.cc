#include "service/core/base/ids.h"
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

TEST_P(JobStoreContract, GivesASubmittedJobIdStateAndTimes) {
  const Job job = Submit();
  EXPECT_TRUE(IsUuid(job.id));
  EXPECT_EQ(job.state, JobState::kAccepted);
  EXPECT_EQ(job.created, clock_.Now());
  EXPECT_EQ(job.updated, clock_.Now());
  EXPECT_EQ(job.run_after, clock_.Now());
  EXPECT_EQ(job.attempt, 0);
  EXPECT_FALSE(job.started.has_value());
}

TEST_P(JobStoreContract, ShowsASubmittedJobToEveryHandleAtOnce) {
  const Job job = Submit();
  ASSERT_OK_AND_ASSIGN(const Job seen, Another()->Get(job.id));
  EXPECT_EQ(seen.id, job.id);
}

TEST_P(JobStoreContract, KeepsEveryFieldOfAJob) {
  Job job;
  job.id = NewUuid();
  job.kind = JobKind::kProbe;
  job.process_id = "land-cover";
  job.model_digest = "d1";
  job.tenant = "t";
  job.owner = "o";
  job.pool = "gpu";
  job.priority = -3;
  job.listed = false;
  job.traceparent = "00-aa-bb-01";
  job.max_attempts = 5;
  job.alone = true;
  job.deadline = absl::Minutes(7);
  job.tiles_planned = 99;
  job.message = "waiting";
  job.created = absl::FromUnixMicros(1'700'000'000'123'456);
  job.run_after = job.created + absl::Seconds(9);
  job.request.scenes["image"] = {{"https://a.example/s.tif", "image/tiff", {}},
                                 {"", "", {{"type", "Feature"}}}};
  job.request.bands["red"] = {"B04", 2};
  job.request.threshold = 0.25;
  job.request.values = {{"inference.x", "ü \"quoted\" \\ "}};
  job.request.success_uri = "https://client.example/";
  ASSERT_OK(store().Submit(job, ""));
  ASSERT_OK_AND_ASSIGN(const Job kept, Another()->Get(job.id));
  EXPECT_EQ(kept.kind, job.kind);
  EXPECT_EQ(kept.process_id, job.process_id);
  EXPECT_EQ(kept.model_digest, job.model_digest);
  EXPECT_EQ(kept.tenant, job.tenant);
  EXPECT_EQ(kept.owner, job.owner);
  EXPECT_EQ(kept.pool, job.pool);
  EXPECT_EQ(kept.priority, job.priority);
  EXPECT_EQ(kept.listed, job.listed);
  EXPECT_EQ(kept.traceparent, job.traceparent);
  EXPECT_EQ(kept.max_attempts, job.max_attempts);
  EXPECT_EQ(kept.alone, job.alone);
  EXPECT_EQ(kept.deadline, job.deadline);
  EXPECT_EQ(kept.tiles_planned, job.tiles_planned);
  EXPECT_EQ(kept.message, job.message);
  EXPECT_EQ(kept.created, job.created);
  EXPECT_EQ(kept.run_after, job.run_after);
  EXPECT_EQ(ToJson(kept.request), ToJson(job.request));
}

TEST_P(JobStoreContract, KeepsTextThatLooksLikeSql) {
  Job job = OfTenant("'; DROP TABLE job; --");
  const std::string id = SubmitId(job);
  EXPECT_EQ(Get(id).tenant, job.tenant);
}

TEST_P(JobStoreContract, RefusesAboveMaxQueuedAndNamesTheLimit) {
  JobStore::Options options;
  options.max_queued = 2;
  UseOptions(options);
  Submit();
  Submit();
  EXPECT_STATUS(store().Submit(Job(), ""), absl::StatusCode::kResourceExhausted,
                "limit is 2");
  MustClaim();
  EXPECT_OK(store().Submit(Job(), ""));
}

TEST_P(JobStoreContract, GivesTheSameJobForTheSameIdempotencyKey) {
  ASSERT_OK_AND_ASSIGN(const Job first, store().Submit(Job(), "key"));
  ASSERT_OK_AND_ASSIGN(const Job again, Another()->Submit(Job(), "key"));
  EXPECT_EQ(again.id, first.id);
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List({}));
  EXPECT_EQ(page.matched, 1);
}

TEST_P(JobStoreContract, GivesTheSameJobEvenIfTheQueueIsFull) {
  JobStore::Options options;
  options.max_queued = 1;
  UseOptions(options);
  ASSERT_OK_AND_ASSIGN(const Job first, store().Submit(Job(), "key"));
  ASSERT_OK_AND_ASSIGN(const Job again, store().Submit(Job(), "key"));
  EXPECT_EQ(again.id, first.id);
}

TEST_P(JobStoreContract, KeepsIdempotencyKeysOfTenantsApart) {
  ASSERT_OK_AND_ASSIGN(const Job a, store().Submit(OfTenant("a"), "key"));
  ASSERT_OK_AND_ASSIGN(const Job b, store().Submit(OfTenant("b"), "key"));
  EXPECT_NE(a.id, b.id);
}

TEST_P(JobStoreContract, TakesJobsWithoutAKeyForDifferent) {
  EXPECT_NE(SubmitId(), SubmitId());
}

TEST_P(JobStoreContract, RefusesAnIdThatIsTaken) {
  Job job;
  job.id = SubmitId();
  EXPECT_STATUS(store().Submit(job, ""), absl::StatusCode::kAlreadyExists,
                job.id);
}

TEST_P(JobStoreContract, RefusesAnIdThatCouldLeaveADirectory) {
  Job job;
  job.id = "../x";
  EXPECT_STATUS(store().Submit(job, ""), absl::StatusCode::kInvalidArgument,
                "../x");
}

TEST_P(JobStoreContract, StartsEveryJobAtTheBeginning) {
  Job job;
  job.state = JobState::kFailed;
  job.attempt = 7;
  job.finished = clock_.Now();
  job.error = SomeError();
  const Job kept = Get(SubmitId(job));
  EXPECT_EQ(kept.state, JobState::kAccepted);
  EXPECT_EQ(kept.attempt, 0);
}

TEST_P(JobStoreContract, SaysWhichJobDoesNotExist) {
  EXPECT_STATUS(store().Get("nobody"), absl::StatusCode::kNotFound, "nobody");
}

}  // namespace
}  // namespace pushbroom::testing
