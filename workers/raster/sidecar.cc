#include "workers/raster/sidecar.h"

#include <sys/stat.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpl_minixml.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "workers/raster/gdal_errors.h"

namespace pushbroom {
namespace {

constexpr int64_t kMaxBytes = 256 * 1024;

absl::Status Malformed(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, " ", what));
}

}  // namespace

absl::StatusOr<std::optional<Sidecar>> ReadSidecar(const std::string& image) {
  const std::string path = image + ".aux.xml";
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode)) return Malformed(path, "is no plain file");
  if (info.st_size > kMaxBytes) {
    return Malformed(path, absl::StrCat("has ", info.st_size,
                                        " bytes, more than ", kMaxBytes));
  }
  PB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBytes));
  GdalErrors errors;
  CPLXMLTreeCloser tree(CPLParseXMLString(text.c_str()));
  const CPLXMLNode* root = CPLGetXMLNode(tree.get(), "=PAMDataset");
  if (root == nullptr) return Malformed(path, "is no PAMDataset document");
  const char* numbers = CPLGetXMLValue(root, "GeoTransform", nullptr);
  if (numbers == nullptr) return std::nullopt;

  Sidecar sidecar;
  const std::vector<std::string> parts = absl::StrSplit(numbers, ',');
  if (parts.size() != 6) return Malformed(path, "has a bad GeoTransform");
  for (size_t i = 0; i < 6; ++i) {
    if (!absl::SimpleAtod(parts[i], &sidecar.geotransform[i])) {
      return Malformed(path, absl::StrCat("has a bad number \"", parts[i],
                                          "\" in its GeoTransform"));
    }
  }
  if (const char* wkt = CPLGetXMLValue(root, "SRS", nullptr)) {
    // WKT only: SetFromUserInput would also take file names and URLs.
    if (sidecar.srs.importFromWkt(wkt) != OGRERR_NONE) {
      return Malformed(path, "has an SRS that is no WKT: " + errors.text());
    }
    sidecar.srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  }
  return sidecar;
}

}  // namespace pushbroom
