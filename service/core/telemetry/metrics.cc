#include "service/core/telemetry/metrics.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "service/core/base/log.h"
#include "service/core/telemetry/catalogue.h"

namespace pushbroom {
namespace {

using telemetry::LabelSpec;
using telemetry::MetricSpec;

constexpr char kOther[] = "other";

// A family and its series by label values. prometheus-cpp hashes the labels
// under a lock at each look-up too, but knows no bound.
template <typename Kind>
class Series {
 public:
  using Make = std::function<Kind&(const prometheus::Labels&)>;

  Series(const MetricSpec& spec, Make make)
      : spec_(spec), make_(std::move(make)), seen_(spec.labels.size()) {
    std::vector<std::string> values;
    FillClosed(&values);
  }

  Kind& Of(LabelValues labels) {
    if (labels.size() != spec_.labels.size()) {
      Log(LogLevel::kError, "a metric was given the wrong number of labels",
          {{"metric", spec_.name}});
      std::abort();
    }
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> values;
    values.reserve(labels.size());
    for (const absl::string_view value : labels) {
      values.push_back(Bounded(values.size(), value));
    }
    return At(values);
  }

 private:
  void FillClosed(std::vector<std::string>* values) {
    if (values->size() == spec_.labels.size()) {
      absl::MutexLock lock(&mutex_);
      At(*values);
      return;
    }
    for (const char* value : spec_.labels[values->size()].values) {
      values->emplace_back(value);
      FillClosed(values);
      values->pop_back();
    }
  }

  std::string Bounded(size_t index, absl::string_view value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const LabelSpec& label = spec_.labels[index];
    std::string text(value);
    if (!label.values.empty()) {
      const bool known =
          std::any_of(label.values.begin(), label.values.end(),
                      [&text](const char* one) { return text == one; });
      return known ? text : kOther;
    }
    std::set<std::string>& seen = seen_[index];
    if (seen.count(text)) return text;
    if (seen.size() >= label.cap) return kOther;
    seen.insert(text);
    return text;
  }

  Kind& At(const std::vector<std::string>& values)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Kind*& series = series_[values];
    if (!series) {
      prometheus::Labels labels;
      for (size_t i = 0; i < values.size(); ++i) {
        labels.emplace(spec_.labels[i].name, values[i]);
      }
      series = &make_(labels);
    }
    return *series;
  }

  const MetricSpec& spec_;
  const Make make_;
  absl::Mutex mutex_;
  std::vector<std::set<std::string>> seen_ ABSL_GUARDED_BY(mutex_);
  std::map<std::vector<std::string>, Kind*> series_ ABSL_GUARDED_BY(mutex_);
};

void AppendProcessMetric(const char* name, const char* type, const char* help,
                         double value, std::string* text) {
  char number[64];
  std::snprintf(number, sizeof(number), "%.17g", value);
  absl::StrAppend(text, "# HELP ", name, " ", help, "\n# TYPE ", name, " ",
                  type, "\n", name, " ", number, "\n");
}

// Files of /proc say that they have no bytes, so base's ReadFile is no use.
std::string ReadProc(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// prometheus-cpp has no collector of the process; these have the names that
// every client library gives them.
void AppendProcess(std::string* text) {
  const std::string stat = ReadProc("/proc/self/stat");
  if (!stat.empty()) {
    // Fields after "pid (name) "; the name may hold anything.
    const std::vector<std::string> fields = absl::StrSplit(
        stat.substr(std::min(stat.rfind(')') + 2, stat.size())), ' ');
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    double user = 0, system = 0, start = 0, pages = 0;
    if (fields.size() > 21 && absl::SimpleAtod(fields[11], &user) &&
        absl::SimpleAtod(fields[12], &system) &&
        absl::SimpleAtod(fields[19], &start) &&
        absl::SimpleAtod(fields[21], &pages)) {
      AppendProcessMetric("process_cpu_seconds_total", "counter",
                          "Processor time used.", (user + system) / ticks,
                          text);
      AppendProcessMetric(
          "process_resident_memory_bytes", "gauge", "Memory in use.",
          pages * static_cast<double>(sysconf(_SC_PAGESIZE)), text);
      const std::string boot = ReadProc("/proc/stat");
      const size_t at = boot.find("btime ");
      if (at != std::string::npos) {
        AppendProcessMetric(
            "process_start_time_seconds", "gauge",
            "When the process began, in seconds since 1970.",
            std::strtod(boot.c_str() + at + 6, nullptr) + start / ticks, text);
      }
    }
  }
  if (DIR* files = opendir("/proc/self/fd")) {
    int count = -3;  // ".", ".." and the one that reads
    while (readdir(files)) ++count;
    closedir(files);
    AppendProcessMetric("process_open_fds", "gauge", "Files open.", count,
                        text);
  }
}

}  // namespace

class Metrics::Impl {
 public:
  Impl() {
    for (const MetricSpec& spec : telemetry::CounterSpecs()) {
      auto& family =
          prometheus::BuildCounter().Name(spec.name).Help(spec.help).Register(
              registry_);
      counters_.push_back(std::make_unique<Series<prometheus::Counter>>(
          spec,
          [&family](const prometheus::Labels& labels) -> prometheus::Counter& {
            return family.Add(labels);
          }));
    }
    for (const MetricSpec& spec : telemetry::GaugeSpecs()) {
      auto& family =
          prometheus::BuildGauge().Name(spec.name).Help(spec.help).Register(
              registry_);
      gauges_.push_back(std::make_unique<Series<prometheus::Gauge>>(
          spec,
          [&family](const prometheus::Labels& labels) -> prometheus::Gauge& {
            return family.Add(labels);
          }));
    }
    for (const MetricSpec& spec : telemetry::HistogramSpecs()) {
      auto& family =
          prometheus::BuildHistogram().Name(spec.name).Help(spec.help).Register(
              registry_);
      histograms_.push_back(std::make_unique<Series<prometheus::Histogram>>(
          spec,
          [&family,
           &spec](const prometheus::Labels& labels) -> prometheus::Histogram& {
            return family.Add(labels, spec.buckets);
          }));
    }
  }

  prometheus::Registry registry_;
  std::vector<std::unique_ptr<Series<prometheus::Counter>>> counters_;
  std::vector<std::unique_ptr<Series<prometheus::Gauge>>> gauges_;
  std::vector<std::unique_ptr<Series<prometheus::Histogram>>> histograms_;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  Set(Gauge::kBuildInfo, {PUSHBROOM_VERSION}, 1);
}

Metrics::~Metrics() = default;

void Metrics::Add(Counter counter, LabelValues labels, double by) {
  impl_->counters_.at(static_cast<size_t>(counter))->Of(labels).Increment(by);
}

void Metrics::Set(Gauge gauge, LabelValues labels, double value) {
  impl_->gauges_.at(static_cast<size_t>(gauge))->Of(labels).Set(value);
}

void Metrics::Change(Gauge gauge, LabelValues labels, double by) {
  impl_->gauges_.at(static_cast<size_t>(gauge))->Of(labels).Increment(by);
}

void Metrics::Observe(Histogram histogram, LabelValues labels, double value) {
  impl_->histograms_.at(static_cast<size_t>(histogram))
      ->Of(labels)
      .Observe(value);
}

std::string Metrics::Expose() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry_.Collect());
  std::string text = out.str();
  AppendProcess(&text);
  return text;
}

absl::string_view StatusClass(int http_status) {
  constexpr std::array<absl::string_view, 5> kClasses = {"1xx", "2xx", "3xx",
                                                         "4xx", "5xx"};
  if (http_status < 100 || http_status > 599) return kOther;
  return kClasses[static_cast<size_t>(http_status / 100 - 1)];
}

}  // namespace pushbroom
