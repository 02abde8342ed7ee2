#include "service/publish/item_delivery.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"

namespace pushbroom {

ItemDelivery::ItemDelivery(CatalogDirectory& directory, std::string collection)
    : directory_(directory), collection_(std::move(collection)) {}

absl::Status ItemDelivery::Deliver(const OutboxEntry&, const Job& job) {
  // The job's record is what was committed; the entry only says that there is
  // something to deliver.
  if (!job.result || !job.finished) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", job.id, " has no result to publish"));
  }
  CatalogDirectory::Entry published;
  published.collection =
      job.result->collection.empty() ? collection_ : job.result->collection;
  published.item = job.result->item;
  published.job_id = job.id;
  published.finished = *job.finished;
  PB_RETURN_IF_ERROR(directory_.Publish(published));
  Log(LogLevel::kInfo, "item published",
      {{"job", job.id},
       {"collection", published.collection},
       {"item", StringOr(published.item, "id")}});
  return absl::OkStatus();
}

}  // namespace pushbroom
