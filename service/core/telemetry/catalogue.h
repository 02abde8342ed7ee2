// The table of metrics.
#pragma once

#include <vector>

#include "service/core/telemetry/metrics.h"

namespace pushbroom::telemetry {

/// A label and what it may say. An empty list of values: whatever comes, up to
/// `cap` different ones.
struct LabelSpec {
  const char* name;
  std::vector<const char*> values;
  size_t cap = 0;
};

struct MetricSpec {
  const char* name;
  const char* help;
  std::vector<LabelSpec> labels;
  std::vector<double> buckets;  // of histograms
};

const MetricSpec& SpecOf(Counter counter);
const MetricSpec& SpecOf(Gauge gauge);
const MetricSpec& SpecOf(Histogram histogram);

// In the order of the enums.
const std::vector<MetricSpec>& CounterSpecs();
const std::vector<MetricSpec>& GaugeSpecs();
const std::vector<MetricSpec>& HistogramSpecs();

}  // namespace pushbroom::telemetry
