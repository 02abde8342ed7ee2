// A static STAC catalogue in a directory:
//
//   catalog.json
//   <collection>/collection.json
//   <collection>/<yyyy>/<mm>/<dd>/catalog.json
//   <collection>/<yyyy>/<mm>/<dd>/<item>/<item>.json  and its assets
//   <collection>/.index/<item>                        where the item is
//
// Days are those on which the job finished, so that no catalogue grows without
// end. Links are relative: the directory can be moved, zipped and served as it
// is. There is no self link, as STAC advises for self-contained catalogues.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/core/base/json.h"
#include "service/core/storage/storage.h"

namespace pushbroom {

/// Thread-compatible: one writer at a time, in all processes.
class CatalogDirectory {
 public:
  /// `storage` must outlive it. `root` is made when something is published.
  CatalogDirectory(std::string root, Storage& storage);

  struct Entry {
    std::string collection;
    Json item;  // asset hrefs "storage:<key>"
    std::string job_id;
    absl::Time finished;  // of the job: the item's day
  };

  /// Inserts or replaces by item id. Assets are hard-linked from local storage
  /// (copied where that fails), and asset hrefs become "./<file>"; of storage
  /// without local files they become its URIs. Assets come first, then the
  /// item, then the links to it; a reader never sees an item without assets.
  /// The same entry twice gives the same bytes. An older job's item does not
  /// replace a newer one's: OK, and nothing is done.
  /// kInvalidArgument where ids cannot be used, kNotFound if an asset's object
  /// is gone.
  absl::Status Publish(const Entry& entry);

 private:
  struct Place {
    std::string day;  // "2026/11/20"; empty: none
    std::string job_id;
    absl::Time finished;
  };

  absl::StatusOr<Place> PlaceOf(const std::string& collection,
                                const std::string& item_id) const;
  // Puts the assets into `folder` and makes the hrefs relative. Gives the
  // names of the files.
  absl::StatusOr<std::vector<std::string>> PlaceAssets(
      Json& item, const std::string& folder) const;
  absl::Status LinkDay(const std::string& collection, const std::string& day,
                       const Json& item, const std::string& item_id) const;
  absl::Status LinkCollection(const std::string& collection,
                              const std::string& day, const Json& item) const;
  absl::Status LinkRoot(const std::string& collection) const;
  absl::Status Withdraw(const std::string& collection, const std::string& day,
                        const std::string& item_id) const;
  std::string Path(const std::string& relative) const;

  const std::string root_;
  Storage& storage_;
};

}  // namespace pushbroom
