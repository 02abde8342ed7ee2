#include "absl/strings/str_cat.h"
#include "tests/contract/job_store/job_store_suite.h"
#include "tests/contract/job_store/random_operations.h"

namespace pushbroom::testing {
namespace {

constexpr int kSteps = 250;

TEST_P(JobStoreContract, KeepsItsInvariantsUnderRandomOperations) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    UseOptions(RandomOperations::Options());
    RandomOperations operations(store(), clock_, seed);
    for (int i = 0; i < kSteps; ++i) {
      SCOPED_TRACE(absl::StrCat("step ", i));
      operations.Step();
      if (HasFailure()) return;
    }
    operations.Drain();
    if (HasFailure()) return;
  }
}

std::vector<std::string> TraceOf(const StoreKind& kind, uint32_t seed) {
  auto directory =
      ScratchDirectory::Create(::testing::TempDir(), "job_store_twins");
  EXPECT_OK(directory);
  FakeClock clock;
  const auto store =
      kind.make(directory->path(), RandomOperations::Options(), clock)();
  RandomOperations operations(*store, clock, seed);
  for (int i = 0; i < kSteps; ++i) operations.Step();
  operations.Drain();
  return operations.trace();
}

TEST(JobStoreTwins, DoTheSameUnderTheSameOperations) {
  const std::vector<StoreKind> kinds = AllStores();
  for (uint32_t seed = 11; seed <= 13; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const std::vector<std::string> expected = TraceOf(kinds[0], seed);
    EXPECT_GT(expected.size(), static_cast<size_t>(kSteps));
    for (size_t k = 1; k < kinds.size(); ++k) {
      EXPECT_EQ(TraceOf(kinds[k], seed), expected) << kinds[k].name;
    }
  }
}

}  // namespace
}  // namespace pushbroom::testing
