#include "service/publish/catalog_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "schemas/geo_types.h"
#include "schemas/job_result.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/publish/stac_documents.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

constexpr char kCatalogFile[] = "catalog.json";
constexpr char kCollectionFile[] = "collection.json";

// A directory of that name would stand where a document has to.
absl::Status CheckId(const char* what, const std::string& id) {
  if (IsValidId(id) && id != kCatalogFile && id != kCollectionFile) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " id \"", id, "\" cannot be published"));
}

absl::Status WriteIfChanged(const std::string& path, const Json& document) {
  const std::string text = DumpJson(document, 2) + "\n";
  const auto present = ReadFile(path);
  if (present.ok() && *present == text) return absl::OkStatus();
  return WriteFileAtomically(path, text);
}

// The document, or `fresh` where there is none yet.
absl::StatusOr<Json> ReadOr(const std::string& path, Json fresh) {
  std::error_code error;
  if (!fs::exists(path, error)) return fresh;
  JsonLimits limits;
  limits.max_bytes = size_t{256} << 20;
  auto json = ParseJsonFile(path, limits);
  if (json.ok() && json->is_object()) return json;
  // Not kInvalidArgument: the item is good, and waits until this is mended.
  return absl::FailedPreconditionError(absl::StrCat(
      path, " cannot be updated: ",
      json.ok() ? "it is no JSON object" : json.status().message()));
}

absl::Status CopyBytes(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  if (in && in.peek() != std::ifstream::traits_type::eof()) out << in.rdbuf();
  out.close();
  const int fd = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = in && out && fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (kept) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot copy ", from, " to ", to));
}

// `to` is the old file or the new one, never a part.
absl::Status LinkOrCopy(const std::string& from, const std::string& to) {
  struct stat source {
  }, target{};
  if (::stat(from.c_str(), &source) != 0) {
    return absl::NotFoundError(absl::StrCat(
        "the result file ", from, " is gone: ", std::strerror(errno)));
  }
  if (::stat(to.c_str(), &target) == 0 && source.st_ino == target.st_ino &&
      source.st_dev == target.st_dev) {
    return absl::OkStatus();
  }
  const std::string temporary = absl::StrCat(to, ".tmp-", NewUuid());
  absl::Status status;
  if (::link(from.c_str(), temporary.c_str()) != 0) {
    status = CopyBytes(from, temporary);
  }
  if (status.ok() && ::rename(temporary.c_str(), to.c_str()) != 0) {
    status = absl::UnavailableError(
        absl::StrCat("cannot write ", to, ": ", std::strerror(errno)));
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

// Whatever an earlier version of the item or a crash has left.
void RemoveOthers(const std::string& folder,
                  const std::vector<std::string>& files) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (std::find(files.begin(), files.end(), name) == files.end()) {
      others.push_back(it->path());
    }
  }
  for (const fs::path& path : others) fs::remove(path, error);
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y/%m/%d", time, absl::UTCTimeZone());
}

}  // namespace

CatalogDirectory::CatalogDirectory(std::string root, Storage& storage)
    : root_(std::move(root)), storage_(storage) {}

std::string CatalogDirectory::Path(const std::string& relative) const {
  return absl::StrCat(root_, "/", relative);
}

absl::StatusOr<CatalogDirectory::Place> CatalogDirectory::PlaceOf(
    const std::string& collection, const std::string& item_id) const {
  const std::string path = Path(absl::StrCat(collection, "/.index/", item_id));
  PB_ASSIGN_OR_RETURN(const Json json, ReadOr(path, Json()));
  if (json.is_null()) return Place{};
  Place place;
  place.day = StringOr(json, "day");
  place.job_id = StringOr(json, "job");
  PB_ASSIGN_OR_RETURN(place.finished, ParseRfc3339(StringOr(json, "finished")));
  return place;
}

absl::StatusOr<std::vector<std::string>> CatalogDirectory::PlaceAssets(
    Json& item, const std::string& folder) const {
  std::vector<std::string> files;
  std::set<std::string> taken;
  const auto assets = item.find("assets");
  if (assets == item.end() || !assets->is_object()) return files;
  for (auto& [name, asset] : assets->items()) {
    std::string href = StringOr(asset, "href");
    if (!absl::StartsWith(href, kStorageScheme)) continue;
    const std::string key = href.substr(sizeof(kStorageScheme) - 1);
    const auto local = storage_.LocalPath(key);
    if (!local) {
      asset["href"] = storage_.UriOf(key);
      continue;
    }
    std::string file = fs::path(key).filename().string();
    if (!taken.insert(file).second) {
      file = absl::StrCat(ToId(name), "-", file);
      taken.insert(file);
    }
    PB_RETURN_IF_ERROR(LinkOrCopy(*local, absl::StrCat(folder, "/", file)));
    asset["href"] = absl::StrCat("./", file);
    files.push_back(std::move(file));
  }
  return files;
}

absl::Status CatalogDirectory::Publish(const Entry& entry) {
  if (!entry.item.is_object()) {
    return absl::InvalidArgumentError("the result has no STAC item");
  }
  const std::string id = StringOr(entry.item, "id");
  PB_RETURN_IF_ERROR(CheckId("item", id));
  PB_RETURN_IF_ERROR(CheckId("collection", entry.collection));
  const std::string index = Path(absl::StrCat(entry.collection, "/.index"));
  PB_RETURN_IF_ERROR(MakeDirectories(index));
  PB_ASSIGN_OR_RETURN(const Place before, PlaceOf(entry.collection, id));
  // Retries change the order of deliveries.
  if (!before.day.empty() && before.job_id != entry.job_id &&
      before.finished > entry.finished) {
    return absl::OkStatus();
  }
  const std::string day = DayOf(entry.finished);
  const std::string folder =
      Path(absl::StrCat(entry.collection, "/", day, "/", id));
  PB_RETURN_IF_ERROR(MakeDirectories(folder));

  Json item = entry.item;
  PB_ASSIGN_OR_RETURN(std::vector<std::string> files,
                      PlaceAssets(item, folder));
  item["collection"] = entry.collection;
  for (const char* rel : {"root", "parent", "collection", "self"}) {
    stac::RemoveLinks(item, rel);
  }
  stac::SetLink(
      item, stac::Link("root", "../../../../../catalog.json", stac::kJsonType));
  stac::SetLink(item, stac::Link("parent", "../catalog.json", stac::kJsonType));
  stac::SetLink(item, stac::Link("collection", "../../../../collection.json",
                                 stac::kJsonType));
  files.push_back(absl::StrCat(id, ".json"));
  PB_RETURN_IF_ERROR(
      WriteIfChanged(absl::StrCat(folder, "/", files.back()), item));
  RemoveOthers(folder, files);

  PB_RETURN_IF_ERROR(LinkDay(entry.collection, day, item, id));
  PB_RETURN_IF_ERROR(LinkCollection(entry.collection, day, item));
  PB_RETURN_IF_ERROR(LinkRoot(entry.collection));
  if (!before.day.empty() && before.day != day) {
    PB_RETURN_IF_ERROR(Withdraw(entry.collection, before.day, id));
  }
  const Json place = {{"day", day},
                      {"job", entry.job_id},
                      {"finished", FormatRfc3339(entry.finished)}};
  return WriteIfChanged(absl::StrCat(index, "/", id), place);
}

absl::Status CatalogDirectory::LinkDay(const std::string& collection,
                                       const std::string& day, const Json& item,
                                       const std::string& item_id) const {
  const std::string path =
      Path(absl::StrCat(collection, "/", day, "/", kCatalogFile));
  std::string date = day;
  std::replace(date.begin(), date.end(), '/', '-');
  PB_ASSIGN_OR_RETURN(
      Json catalog,
      ReadOr(path, stac::NewCatalog(absl::StrCat(collection, "-", date), date,
                                    absl::StrCat("Results in ", collection,
                                                 " of ", date, "."))));
  stac::SetLink(
      catalog, stac::Link("root", "../../../../catalog.json", stac::kJsonType));
  stac::SetLink(catalog, stac::Link("parent", "../../../collection.json",
                                    stac::kJsonType));
  const Json* properties = Find(item, "properties");
  const std::string href = absl::StrCat("./", item_id, "/", item_id, ".json");
  stac::SetLink(catalog,
                stac::Link("item", href, stac::kGeoJsonType,
                           properties ? StringOr(*properties, "title") : ""));
  return WriteIfChanged(path, catalog);
}

absl::Status CatalogDirectory::LinkCollection(const std::string& collection,
                                              const std::string& day,
                                              const Json& item) const {
  const std::string path = Path(absl::StrCat(collection, "/", kCollectionFile));
  PB_ASSIGN_OR_RETURN(Json document,
                      ReadOr(path, stac::NewCollection(collection)));
  stac::SetLink(document,
                stac::Link("root", "../catalog.json", stac::kJsonType));
  stac::SetLink(document,
                stac::Link("parent", "../catalog.json", stac::kJsonType));
  stac::SetLink(document,
                stac::Link("child", absl::StrCat("./", day, "/", kCatalogFile),
                           stac::kJsonType));
  stac::WidenExtent(document, item);
  return WriteIfChanged(path, document);
}

absl::Status CatalogDirectory::LinkRoot(const std::string& collection) const {
  const std::string path = Path(kCatalogFile);
  PB_ASSIGN_OR_RETURN(
      Json catalog,
      ReadOr(path, stac::NewCatalog("pushbroom", "Pushbroom results",
                                    "Results of model runs over imagery.")));
  stac::SetLink(catalog, stac::Link("root", "./catalog.json", stac::kJsonType));
  stac::SetLink(
      catalog,
      stac::Link("child", absl::StrCat("./", collection, "/", kCollectionFile),
                 stac::kJsonType, collection));
  return WriteIfChanged(path, catalog);
}

absl::Status CatalogDirectory::Withdraw(const std::string& collection,
                                        const std::string& day,
                                        const std::string& item_id) const {
  const std::string folder = Path(absl::StrCat(collection, "/", day));
  const std::string path = absl::StrCat(folder, "/", kCatalogFile);
  PB_ASSIGN_OR_RETURN(Json catalog, ReadOr(path, Json()));
  const std::string href = absl::StrCat("./", item_id, "/", item_id, ".json");
  if (catalog.is_object() && stac::RemoveLinks(catalog, "item", href)) {
    PB_RETURN_IF_ERROR(WriteIfChanged(path, catalog));
  }
  std::error_code error;
  fs::remove_all(absl::StrCat(folder, "/", item_id), error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot remove ", folder, "/",
                                             item_id, ": ", error.message()));
}

}  // namespace pushbroom
