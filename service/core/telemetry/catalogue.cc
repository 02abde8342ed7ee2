#include "service/core/telemetry/catalogue.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace pushbroom::telemetry {
namespace {

LabelSpec Process() { return {"process", {}, 200}; }
LabelSpec Pool() { return {"pool", {}, 32}; }
LabelSpec Device() { return {"device", {}, 32}; }
LabelSpec Route() { return {"route", {}, 64}; }
LabelSpec Method() {
  return {"method", {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}};
}
LabelSpec Final() { return {"state", {"successful", "failed", "dismissed"}}; }
LabelSpec Outcome() { return {"outcome", {"ok", "failed"}}; }

// Bounds of requests are those of OpenTelemetry's semantic conventions.
std::vector<double> RequestSeconds() {
  return {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
}
std::vector<double> JobSeconds() {
  return {.05, .25, 1,   2.5,  5,    10,   30,  60,
          120, 300, 600, 1200, 1800, 3600, 7200};
}
std::vector<double> BatchSeconds() {
  return {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
}

}  // namespace

const std::vector<MetricSpec>& CounterSpecs() {
  static const auto* const specs = new std::vector<MetricSpec>{
      {"pushbroom_http_requests_total",
       "Requests answered, by route template and class of status.",
       {Method(), Route(), {"code", {"1xx", "2xx", "3xx", "4xx", "5xx"}}},
       {}},
      {"pushbroom_http_rejected_total",
       "Requests refused before they reached their purpose.",
       {{"reason",
         {"body_size", "depth", "method", "queue_full", "token",
          "url_policy"}}},
       {}},
      {"pushbroom_jobs_submitted_total",
       "Jobs accepted.",
       {Process(), {"mode", {"sync", "async"}}},
       {}},
      {"pushbroom_jobs_finished_total",
       "Jobs that reached a final state.",
       {Process(), Final()},
       {}},
      {"pushbroom_leases_expired_total",
       "Attempts given back to the queue because their worker fell silent.",
       {Pool()},
       {}},
      {"pushbroom_tiles_total",
       "Tiles done: run through the model, or skipped without a valid pixel.",
       {Process(), {"outcome", {"run", "skipped"}}},
       {}},
      {"pushbroom_pixels_total",
       "Pixels of the target grid written.",
       {Process()},
       {}},
      {"pushbroom_batches_total",
       "Batches run through a model.",
       {Process(), Device()},
       {}},
      {"pushbroom_model_loads_total",
       "Models loaded onto a device.",
       {Process(), Outcome()},
       {}},
      {"pushbroom_worker_restarts_total",
       "Local worker processes started again after they had died.",
       {Pool()},
       {}},
      {"pushbroom_publish_attempts_total",
       "Deliveries tried from the outbox.",
       {{"kind", {"item", "callback"}}, Outcome()},
       {}},
  };
  return *specs;
}

const std::vector<MetricSpec>& GaugeSpecs() {
  static const auto* const specs = new std::vector<MetricSpec>{
      {"pushbroom_build_info",
       "Always 1; the version is a label.",
       {{"version", {}, 1}},
       {}},
      {"pushbroom_http_requests_in_flight",
       "Requests being answered, parked synchronous ones among them.",
       {},
       {}},
      {"pushbroom_queue_jobs",
       "Jobs that wait or run; every replica says the same, so take the max.",
       {Pool(), {"state", {"accepted", "running"}}},
       {}},
      {"pushbroom_queue_oldest_ready_seconds",
       "Wait of the job that has waited longest.",
       {Pool()},
       {}},
      {"pushbroom_workers_up", "Local worker processes alive.", {Pool()}, {}},
      {"pushbroom_outbox_pending",
       "Items and callbacks not delivered yet.",
       {},
       {}},
      {"pushbroom_models_loaded",
       "Models resident on a device.",
       {Device()},
       {}},
  };
  return *specs;
}

const std::vector<MetricSpec>& HistogramSpecs() {
  static const auto* const specs = new std::vector<MetricSpec>{
      {"pushbroom_http_request_duration_seconds",
       "From the request's last byte to the answer.",
       {Method(), Route()},
       RequestSeconds()},
      {"pushbroom_job_queue_seconds",
       "From accepted, or given back, to claimed.",
       {Pool()},
       JobSeconds()},
      {"pushbroom_job_run_seconds",
       "From claimed to its final state.",
       {Process(), Final()},
       JobSeconds()},
      {"pushbroom_batch_fill_ratio",
       "Tiles of a batch over the places of its shape.",
       {Process()},
       {.125, .25, .375, .5, .625, .75, .875, 1}},
      {"pushbroom_forward_seconds",
       "One batch through the model.",
       {Process(), Device()},
       BatchSeconds()},
      {"pushbroom_model_load_seconds",
       "Loading, freezing and warming a model.",
       {Process()},
       {.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}},
  };
  return *specs;
}

const MetricSpec& SpecOf(Counter counter) {
  return CounterSpecs().at(static_cast<size_t>(counter));
}
const MetricSpec& SpecOf(Gauge gauge) {
  return GaugeSpecs().at(static_cast<size_t>(gauge));
}
const MetricSpec& SpecOf(Histogram histogram) {
  return HistogramSpecs().at(static_cast<size_t>(histogram));
}

}  // namespace pushbroom::telemetry

namespace pushbroom {

std::string Metrics::CatalogueText() {
  std::vector<std::string> lines;
  const auto add = [&lines](const std::vector<telemetry::MetricSpec>& specs,
                            const char* type) {
    for (const telemetry::MetricSpec& spec : specs) {
      std::string line = absl::StrCat(spec.name, " ", type);
      for (const telemetry::LabelSpec& label : spec.labels) {
        absl::StrAppend(&line, " ", label.name);
      }
      lines.push_back(std::move(line));
    }
  };
  add(telemetry::CounterSpecs(), "counter");
  add(telemetry::GaugeSpecs(), "gauge");
  add(telemetry::HistogramSpecs(), "histogram");
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

}  // namespace pushbroom
