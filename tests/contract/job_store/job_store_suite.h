// What every JobStore promises, as one suite: a store joins it with one line in
// stores.cc.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/jobs/job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom::testing {

/// Opens one more handle on the same data, as another process would.
using StoreOpener = std::function<std::shared_ptr<JobStore>()>;

struct StoreKind {
  std::string name;
  // `directory` is empty and lives as long as the test.
  std::function<StoreOpener(const std::string& directory,
                            const JobStore::Options& options,
                            const Clock& clock)>
      make;
};

/// In stores.cc.
std::vector<StoreKind> AllStores();

class JobStoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  JobStoreContract();

  /// Starts anew with other options.
  void UseOptions(const JobStore::Options& options);

  JobStore& store() { return *store_; }
  std::shared_ptr<JobStore> Another() { return open_(); }

  // These fail the test if the store refuses.
  Job Submit(Job job = {});
  std::string SubmitId(Job job = {}) { return Submit(std::move(job)).id; }
  Job Get(const std::string& id);
  std::optional<LeasedJob> Claim(const std::string& worker = "w",
                                 bool idle = true);
  /// Fails the test if there is nothing to claim.
  LeasedJob MustClaim(const std::string& worker = "w", bool idle = true);
  /// Submits and claims one job with nothing else waiting.
  LeasedJob Running(Job job = {}, const std::string& worker = "w");
  std::vector<std::string> OutboxKinds(const std::string& job_id);

  FakeClock clock_;

 private:
  ScratchDirectory directory_;
  StoreOpener open_;
  std::shared_ptr<JobStore> store_;
  int opened_ = 0;
};

Job WithPriority(int priority);
Job OfTenant(std::string tenant);
/// With success and failure callbacks.
Job WithCallbacks();
JobResult SomeResult();
JobError SomeError();

/// Checks what is true of every record in any state.
void ExpectConsistent(const Job& job);

}  // namespace pushbroom::testing
