// Random sequences of operations on a job store, and what must be true after
// each of them.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "service/core/jobs/job_store.h"
#include "tests/support/fake_clock.h"

namespace pushbroom::testing {

/// Drives a store and fails the test where an invariant does not hold.
/// Thread-compatible.
class RandomOperations {
 public:
  /// The store is empty and made with Options().
  RandomOperations(JobStore& store, FakeClock& clock, uint32_t seed)
      : store_(store), clock_(clock), random_(seed) {}

  static JobStore::Options Options();

  void Step();
  /// Works until no job is left that has not ended.
  void Drain();

  /// What every step did and led to, without random tokens: equal for equal
  /// seeds, whatever the store.
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  int Pick(int n) { return static_cast<int>(random_() % n); }
  std::string Worker() { return "w" + std::to_string(Pick(3)); }

  void Submit();
  void Claim(const std::string& worker, bool idle);
  void Write();
  void WriteUnder(const Lease& lease, int verb);
  void Check();

  JobStore& store_;
  FakeClock& clock_;
  std::mt19937 random_;
  int submitted_ = 0;
  std::map<std::string, Job> known_;     // as of the last check
  std::map<std::string, Lease> newest_;  // the last lease of each job
  std::vector<Lease> handed_out_;        // all, also lost ones
  std::vector<std::string> trace_;
};

}  // namespace pushbroom::testing
