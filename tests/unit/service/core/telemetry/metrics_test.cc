#include "service/core/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/core/base/files.h"
#include "service/core/telemetry/catalogue.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, TheCatalogueIsTheGoldenOne) {
  const std::string path = testing::SourcePath("tests/golden/metrics.txt");
  if (std::getenv("PUSHBROOM_UPDATE_GOLDEN")) {
    ASSERT_OK(WriteFileAtomically(path, Metrics::CatalogueText()));
  }
  const auto golden = ReadFile(path);
  ASSERT_OK(golden);
  EXPECT_EQ(*golden, Metrics::CatalogueText())
      << "dashboards and alerts name these; run with "
         "PUSHBROOM_UPDATE_GOLDEN=1 if the change is meant";
}

TEST(MetricsTest, NamesFollowTheRulesOfPrometheus) {
  const std::regex name("pushbroom_[a-z][a-z0-9_]*");
  std::set<std::string> names;
  const auto check = [&](const std::vector<telemetry::MetricSpec>& specs) {
    for (const telemetry::MetricSpec& spec : specs) {
      SCOPED_TRACE(spec.name);
      EXPECT_TRUE(std::regex_match(spec.name, name));
      EXPECT_TRUE(names.insert(spec.name).second);
      EXPECT_GT(std::string(spec.help).size(), 10u);
      EXPECT_TRUE(std::is_sorted(spec.buckets.begin(), spec.buckets.end()));
      for (const telemetry::LabelSpec& label : spec.labels) {
        EXPECT_TRUE(!label.values.empty() || label.cap > 0) << label.name;
      }
    }
  };
  check(telemetry::CounterSpecs());
  check(telemetry::GaugeSpecs());
  check(telemetry::HistogramSpecs());
  for (const telemetry::MetricSpec& spec : telemetry::CounterSpecs()) {
    EXPECT_TRUE(std::regex_match(spec.name, std::regex(".*_total")));
  }
  for (const telemetry::MetricSpec& spec : telemetry::HistogramSpecs()) {
    EXPECT_FALSE(spec.buckets.empty()) << spec.name;
    EXPECT_TRUE(std::regex_match(spec.name, std::regex(".*_(seconds|ratio)")));
  }
}

TEST(MetricsTest, ShowsWhatWasCounted) {
  Metrics metrics;
  metrics.Add(Counter::kHttpRequests, {"GET", "/jobs/{id}", "2xx"});
  metrics.Add(Counter::kHttpRequests, {"GET", "/jobs/{id}", "2xx"}, 2);
  metrics.Set(Gauge::kQueueJobs, {"default", "accepted"}, 7);
  metrics.Change(Gauge::kHttpInFlight, {}, 2);
  metrics.Change(Gauge::kHttpInFlight, {}, -1);
  metrics.Observe(Histogram::kForward, {"cloud-mask", "cpu"}, 0.02);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("pushbroom_http_requests_total{code=\"2xx\","
                              "method=\"GET\",route=\"/jobs/{id}\"} 3"));
  EXPECT_THAT(text, HasSubstr("pushbroom_queue_jobs{pool=\"default\","
                              "state=\"accepted\"} 7"));
  EXPECT_THAT(text, HasSubstr("pushbroom_http_requests_in_flight 1"));
  EXPECT_THAT(text, HasSubstr("pushbroom_forward_seconds_bucket{device=\"cpu\","
                              "process=\"cloud-mask\",le=\"0.025\"} 1"));
  EXPECT_THAT(text, HasSubstr("pushbroom_forward_seconds_count{device=\"cpu\","
                              "process=\"cloud-mask\"} 1"));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("pushbroom_build_info{version=\"",
                                           PUSHBROOM_VERSION, "\"} 1")));
  EXPECT_THAT(text, HasSubstr("# HELP pushbroom_queue_jobs "));
  EXPECT_THAT(text, HasSubstr("# TYPE pushbroom_forward_seconds histogram"));
}

TEST(MetricsTest, SeriesOfClosedLabelsAreThereFromTheStart) {
  const std::string text = Metrics().Expose();
  EXPECT_THAT(text, HasSubstr("pushbroom_publish_attempts_total{kind=\"item\","
                              "outcome=\"failed\"} 0"));
  EXPECT_THAT(text, HasSubstr("pushbroom_outbox_pending 0"));
  EXPECT_THAT(text, HasSubstr("pushbroom_http_rejected_total{reason="
                              "\"queue_full\"} 0"));
}

TEST(MetricsTest, NoClientCanGrowALabelWithoutBound) {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics.Add(Counter::kHttpRequests,
                {absl::StrCat("VERB", i), absl::StrCat("/", i), "2xx"});
  }
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("method=\"other\",route=\"other\"} 936"));
  EXPECT_THAT(text, Not(HasSubstr("VERB")));
  EXPECT_THAT(text, Not(HasSubstr("route=\"/64\"")));
}

TEST(MetricsTest, ShowsWhatTheProcessUses) {
  const std::string text = Metrics().Expose();
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes",
        "process_open_fds", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# TYPE ", name)));
  }
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(MetricsTest, ManyThreadsMayCountAtOnce) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics, i] {
      for (int n = 0; n < 500; ++n) {
        metrics.Add(Counter::kTiles, {absl::StrCat("p", n % 5), "run"});
        if (n % 100 == 0) {
          EXPECT_FALSE(metrics.Expose().empty()) << i;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics.Expose(), HasSubstr("pushbroom_tiles_total{outcome="
                                          "\"run\",process=\"p3\"} 400"));
}

TEST(MetricsDeathTest, AWrongNumberOfLabelsIsABug) {
  Metrics metrics;
  EXPECT_DEATH(metrics.Add(Counter::kTiles, {"p"}), "wrong number of labels");
}

TEST(StatusClassTest, HasTheClassesOfHttp) {
  EXPECT_EQ(StatusClass(204), "2xx");
  EXPECT_EQ(StatusClass(503), "5xx");
  EXPECT_EQ(StatusClass(0), "other");
}

}  // namespace
}  // namespace pushbroom
