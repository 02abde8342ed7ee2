#include "service/core/jobs/memory_job_store.h"
#include "service/core/jobs/sqlite_job_store.h"
#include "tests/contract/job_store/job_store_suite.h"

namespace pushbroom::testing {
namespace {

StoreOpener Memory(const std::string&, const JobStore::Options& options,
                   const Clock& clock) {
  std::shared_ptr<JobStore> store = NewMemoryJobStore(options, clock);
  return [store] { return store; };
}

StoreOpener Sqlite(const std::string& directory,
                   const JobStore::Options& options, const Clock& clock) {
  return [=, &clock]() -> std::shared_ptr<JobStore> {
    auto store = OpenSqliteJobStore(directory + "/jobs.db", options, clock);
    EXPECT_OK(store);
    return *std::move(store);
  };
}

}  // namespace

std::vector<StoreKind> AllStores() {
  return {
      {"Memory", Memory},
      {"Sqlite", Sqlite},
  };
}

INSTANTIATE_TEST_SUITE_P(Stores, JobStoreContract,
                         ::testing::ValuesIn(AllStores()),
                         [](const auto& test) { return test.param.name; });

}  // namespace pushbroom::testing
