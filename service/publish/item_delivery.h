// Outbox entries of the kind "item" go into the catalogue directory.
#pragma once

#include <string>

#include "service/publish/catalog_directory.h"
#include "service/publish/delivery.h"

namespace pushbroom {

/// Thread-compatible.
class ItemDelivery final : public Delivery {
 public:
  /// `directory` must outlive it. `collection` takes the items of jobs that
  /// name none.
  ItemDelivery(CatalogDirectory& directory, std::string collection);

  absl::Status Deliver(const OutboxEntry& entry, const Job& job) override;
  /// For ever: a good result is not lost because a catalogue was away.
  int max_attempts() const override { return 0; }

 private:
  CatalogDirectory& directory_;
  const std::string collection_;
};

}  // namespace pushbroom
