#include "service/api/status_info.h"

#include "schemas/geo_types.h"

namespace pushbroom::api {

JobState VisibleState(const Job& job) {
  return job.dismiss_requested && !IsFinal(job.state) ? JobState::kDismissed
                                                      : job.state;
}

Json StatusInfo(const Job& job, const Urls& urls) {
  const JobState state = VisibleState(job);
  Json info = {
      {"jobID", job.id},
      {"id", job.id},
      {"type", "process"},
      {"processingEntityType", "ogc-api-processes"},
      {"processID", job.process_id},
      {"status", std::string(NameOf(state))},
      {"progress", state == JobState::kSuccessful ? 100 : job.progress},
      {"created", FormatRfc3339(job.created)},
      {"updated", FormatRfc3339(job.updated)}};
  std::string message = job.message;
  if (message.empty() && job.error) message = job.error->message;
  if (!message.empty()) info["message"] = std::move(message);
  if (job.started) info["started"] = FormatRfc3339(*job.started);
  if (job.finished) info["finished"] = FormatRfc3339(*job.finished);
  if (job.tiles_planned > 0) {
    // The last heartbeat may have been some tiles before the end.
    info["pushbroom:tiles_done"] =
        state == JobState::kSuccessful ? job.tiles_planned : job.tiles_done;
    info["pushbroom:tiles_planned"] = job.tiles_planned;
  }
  if (job.attempt > 0) info["pushbroom:attempt"] = job.attempt;
  if (job.result && !job.result->summary.empty()) {
    info["pushbroom:summary"] = job.result->summary;
  }
  Json& links = info["links"] = Json::array();
  links.push_back(Link(urls.Job(job.id), "self"));
  links.push_back(Link(urls.Job(job.id), "monitor"));
  if (state == JobState::kSuccessful) {
    links.push_back(Link(urls.Results(job.id), kRelResults, ""));
  } else if (state == JobState::kFailed) {
    links.push_back(Link(urls.Results(job.id), kRelExceptions));
  }
  return info;
}

}  // namespace pushbroom::api
