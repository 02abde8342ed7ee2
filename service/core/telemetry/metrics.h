// Every metric of both programs, declared once. The only user of
// prometheus-cpp.
//
// Names, labels and types are what dashboards and alerts depend on: they are
// golden (tests/golden/metrics.txt).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace pushbroom {

// The labels of each, in the order in which values are given, are in
// catalogue.cc.
enum class Counter {
  kHttpRequests,     // method, route, code
  kHttpRejected,     // reason
  kJobsSubmitted,    // process, mode
  kJobsFinished,     // process, state
  kLeasesExpired,    // pool
  kTiles,            // process, outcome
  kPixels,           // process
  kBatches,          // process, device
  kModelLoads,       // process, outcome
  kWorkerRestarts,   // pool
  kPublishAttempts,  // kind, outcome
};

enum class Gauge {
  kBuildInfo,         // version
  kHttpInFlight,      // -
  kQueueJobs,         // pool, state
  kQueueOldestReady,  // pool; seconds
  kWorkersUp,         // pool
  kOutboxPending,     // -
  kModelsLoaded,      // device
};

enum class Histogram {
  kHttpDuration,  // method, route; seconds
  kJobQueued,     // pool; seconds
  kJobRun,        // process, state; seconds
  kBatchFill,     // process; tiles over places, 0 to 1
  kForward,       // process, device; seconds of one batch
  kModelLoad,     // process; seconds
};

using LabelValues = std::initializer_list<absl::string_view>;

/// What one program counts. Values of a label come from a closed set, or are
/// the first so many that are seen; anything else is counted as "other", so
/// that no client can grow it. A wrong number of labels is a bug and aborts.
/// Series whose labels are all closed are there from the start, at zero.
/// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Add(Counter counter, LabelValues labels, double by = 1);
  void Set(Gauge gauge, LabelValues labels, double value);
  /// `by` may be negative.
  void Change(Gauge gauge, LabelValues labels, double by);
  void Observe(Histogram histogram, LabelValues labels, double value);

  /// The text format of Prometheus, version 0.0.4; with what the process uses
  /// (process_…: CPU, memory, files, start).
  std::string Expose() const;
  static constexpr char kContentType[] =
      "text/plain; version=0.0.4; charset=utf-8";

  /// One line a metric, sorted: name, type, labels. For the golden file.
  static std::string CatalogueText();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "2xx" for 204: the values of the label `code`.
absl::string_view StatusClass(int http_status);

}  // namespace pushbroom
