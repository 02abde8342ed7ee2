#include "workers/raster/scene_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "workers/raster/band_group.h"
#include "workers/raster/dataset.h"
#include "workers/raster/sample_convert.h"
#include "workers/raster/target_grid.h"

namespace pushbroom {
namespace {

// Remote rasters are waited for, not computed: more at once than cores.
constexpr size_t kRemoteThreads = 8;
// A drift of less than this over the whole raster is no other grid.
constexpr double kSamePixels = 1e-2;

/// What is read from one location, before it is placed on the grid.
struct Source {
  OpenRaster raster;
  std::vector<GroupBand> bands;
};

/// Calls work(0 … count - 1), each k of them on one of `threads` threads; the
/// first error in order.
template <typename Work>
absl::Status ForEach(size_t count, size_t threads, const Work& work) {
  std::vector<absl::Status> results(count);
  const auto run = [&](size_t first, size_t step) {
    for (size_t i = first; i < count; i += step) results[i] = work(i);
  };
  threads = std::min(threads, count);
  if (threads <= 1) {
    run(0, 1);
  } else {
    std::vector<std::thread> pool;
    for (size_t t = 0; t < threads; ++t) pool.emplace_back(run, t, threads);
    for (std::thread& thread : pool) thread.join();
  }
  for (const absl::Status& status : results) PB_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::Status CheckBand(const OpenRaster& raster, int number) {
  const int count = raster.dataset->GetRasterCount();
  const std::string name = DisplayName(raster.location);
  if (number < 1 || number > count) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has no band ", number, ", only ", count));
  }
  GDALRasterBand* band = raster.dataset->GetRasterBand(number);
  const char* pixel_type =
      band->GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
  if (pixel_type != nullptr && EQUAL(pixel_type, "SIGNEDBYTE")) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " stores signed bytes, which are not read; convert it to int16"));
  }
  const auto type = NativeType(band->GetRasterDataType());
  return type.ok()
             ? absl::OkStatus()
             : Annotate(type.status(), absl::StrCat(name, " band ", number));
}

// One Source per location, and in `place` where each band of the scene went.
absl::StatusOr<std::vector<Source>> OpenSources(
    const std::vector<RasterBand>& bands, std::vector<size_t>& place) {
  std::vector<Source> sources;
  std::map<std::string, size_t> known;
  bool remote = false;
  for (size_t i = 0; i < bands.size(); ++i) {
    const auto [it, is_new] =
        known.try_emplace(bands[i].location, sources.size());
    if (is_new) {
      sources.emplace_back();
      sources.back().raster.location = bands[i].location;
      remote = remote || IsRemote(bands[i].location);
    }
    place.push_back(it->second);
    GroupBand band;
    band.band = bands[i].band;
    band.slot = static_cast<int>(i);
    band.nearest = bands[i].nearest;
    if (bands[i].nodata) band.nodata.push_back(*bands[i].nodata);
    sources[it->second].bands.push_back(std::move(band));
  }
  const auto open = [&sources](size_t i) -> absl::Status {
    PB_ASSIGN_OR_RETURN(sources[i].raster,
                        OpenRasterFile(sources[i].raster.location));
    for (const GroupBand& band : sources[i].bands) {
      PB_RETURN_IF_ERROR(CheckBand(sources[i].raster, band.band));
    }
    return absl::OkStatus();
  };
  PB_RETURN_IF_ERROR(
      ForEach(sources.size(), remote ? kRemoteThreads : 1, open));
  return sources;
}

// The first of mask band, alpha and nodata that the raster has.
GroupMasks FindMasks(Source& source) {
  GDALDataset& dataset = *source.raster.dataset;
  GroupMasks found;
  const int alpha = dataset.GetRasterCount();
  bool alpha_counts = IsAlpha(dataset, alpha);
  for (const GroupBand& band : source.bands) {
    if (band.band == alpha) alpha_counts = false;  // it is asked for
  }
  for (GroupBand& band : source.bands) {
    GDALRasterBand* raster_band = dataset.GetRasterBand(band.band);
    const int flags = raster_band->GetMaskFlags();
    const bool by_value = (flags & GMF_NODATA) && !(flags & GMF_PER_DATASET);
    const bool has_mask =
        !by_value && !(flags & GMF_ALPHA) && !(flags & GMF_ALL_VALID);
    GDALRasterBand* mask = nullptr;
    if (has_mask) {
      mask = raster_band->GetMaskBand();
    } else if (alpha_counts) {
      mask = dataset.GetRasterBand(alpha);
    } else if (int has = FALSE; true) {
      const double value = raster_band->GetNoDataValue(&has);
      if (has) band.nodata.push_back(value);
    }
    if (mask != nullptr && std::find(found.masks.begin(), found.masks.end(),
                                     mask) == found.masks.end()) {
      found.masks.push_back(mask);
    }
  }
  return found;
}

/// How a raster lies on the grid.
struct Placement {
  enum class Kind { kAligned, kResampled, kWarped } kind = Kind::kWarped;
  AxisMap columns, rows;
};

absl::StatusOr<Placement> Place(const OpenRaster& raster,
                                const TargetGrid& target,
                                const OpenRaster& reference) {
  const std::string name = DisplayName(raster.location);
  Placement placement;
  const Grid& grid = target.grid;
  if (!raster.geotransform || !target.georeferenced) {
    // Without a place, pixels correspond only one to one.
    if (raster.geotransform || target.georeferenced ||
        raster.width() != reference.width() ||
        raster.height() != reference.height()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " (", raster.width(), " x ", raster.height(),
                       " pixels) and ", DisplayName(reference.location), " (",
                       reference.width(), " x ", reference.height(),
                       ") need georeferences to be laid over each other"));
    }
  }
  const char* const loosely[] = {
      "CRITERION=EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS",
      "IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES", "IGNORE_COORDINATE_EPOCH=YES",
      nullptr};
  if (raster.has_srs() != (!target.srs.IsEmpty())) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " and ", DisplayName(reference.location),
                     " cannot be laid over each other: one of them has no "
                     "coordinate reference system"));
  }
  if (raster.has_srs() && !raster.srs.IsSame(&target.srs, loosely)) {
    return placement;
  }
  constexpr std::array<double, 6> kPixels{0, 1, 0, 0, 0, 1};
  const std::array<double, 6>& s =
      raster.geotransform ? *raster.geotransform : kPixels;
  const std::array<double, 6>& t = grid.geotransform;
  // Target pixel (c, r) begins at source pixel offset + matrix · (c, r).
  const double det = s[1] * s[5] - s[2] * s[4];
  const double dx = t[0] - s[0], dy = t[3] - s[3];
  placement.columns = {(dx * s[5] - dy * s[2]) / det,
                       (t[1] * s[5] - t[4] * s[2]) / det, raster.width()};
  placement.rows = {(dy * s[1] - dx * s[4]) / det,
                    (t[5] * s[1] - t[2] * s[4]) / det, raster.height()};
  const auto w = static_cast<double>(grid.width);
  const auto h = static_cast<double>(grid.height);
  const double skew = std::max(std::abs((t[2] * s[5] - t[5] * s[2]) / det) * h,
                               std::abs((t[4] * s[1] - t[1] * s[4]) / det) * w);
  if (skew > kSamePixels || placement.columns.ratio <= 0 ||
      placement.rows.ratio <= 0) {
    if (!raster.has_srs()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name,
          " is rotated against the grid and has no coordinate reference "
          "system"));
    }
    return placement;
  }
  const auto whole = [](const AxisMap& axis, double length) {
    return std::abs(axis.ratio - 1) * length < kSamePixels &&
           std::abs(axis.offset - std::round(axis.offset)) < kSamePixels;
  };
  placement.kind = whole(placement.columns, w) && whole(placement.rows, h)
                       ? Placement::Kind::kAligned
                       : Placement::Kind::kResampled;
  return placement;
}

absl::Status AddWarped(Source source, const TargetGrid& target, SampleType type,
                       std::vector<std::unique_ptr<BandGroup>>& groups) {
  // GDAL's warper joins the validity of bands in its own way: what has nodata
  // values, or another interpolation, goes through it alone.
  bool alone = false;
  for (const GroupBand& band : source.bands) {
    alone = alone || !band.nodata.empty() ||
            band.nearest != source.bands[0].nearest;
  }
  std::vector<std::vector<GroupBand>> parts;
  if (alone) {
    for (GroupBand& band : source.bands) parts.push_back({std::move(band)});
  } else {
    parts.push_back(std::move(source.bands));
  }
  for (size_t p = 0; p < parts.size(); ++p) {
    OpenRaster raster;
    if (p + 1 == parts.size()) {
      raster = std::move(source.raster);
    } else {
      PB_ASSIGN_OR_RETURN(raster, OpenRasterFile(source.raster.location));
    }
    PB_ASSIGN_OR_RETURN(OpenRaster warped, Warp(raster, parts[p], target));
    for (size_t i = 0; i < parts[p].size(); ++i) {
      GroupBand& band = parts[p][i];
      band.band = static_cast<int>(i) + 1;
      if (!band.nodata.empty()) band.nodata.erase(band.nodata.begin());
    }
    GroupMasks alpha;
    alpha.masks = {
        warped.dataset->GetRasterBand(static_cast<int>(parts[p].size()) + 1)};
    std::vector<OpenRaster> keep;
    keep.push_back(std::move(raster));
    groups.push_back(MakeAlignedGroup(std::move(warped), std::move(parts[p]),
                                      std::move(alpha), 0, 0, target.grid, type,
                                      std::move(keep)));
  }
  return absl::OkStatus();
}

class SceneReaderImpl final : public SceneReader {
 public:
  SceneReaderImpl(Grid grid, int bands, SampleType type, bool remote,
                  std::vector<std::unique_ptr<BandGroup>> groups)
      : grid_(std::move(grid)),
        bands_(bands),
        type_(type),
        threads_(remote ? kRemoteThreads : 1),
        groups_(std::move(groups)) {}

  int64_t width() const override { return grid_.width; }
  int64_t height() const override { return grid_.height; }
  int bands() const override { return bands_; }
  SampleType type() const override { return type_; }
  const Grid& grid() const override { return grid_; }

  absl::Status Read(int64_t y, int rows, const StripBuffer& out) override {
    if (y < 0 || rows < 1 || y + rows > grid_.height) {
      return absl::InternalError(absl::StrCat("rows ", y, " to ", y + rows - 1,
                                              " of ", grid_.height,
                                              " asked for"));
    }
    const size_t pixels = static_cast<size_t>(rows) * grid_.width;
    std::memset(out.valid, 1, pixels);
    if (threads_ == 1 || groups_.size() == 1) {
      for (const auto& group : groups_) {
        PB_RETURN_IF_ERROR(group->Read(y, rows, out));
      }
      return absl::OkStatus();
    }
    // Each group has its own dataset and slots; they only share validity.
    valid_.resize(groups_.size());
    PB_RETURN_IF_ERROR(ForEach(groups_.size(), threads_, [&](size_t i) {
      valid_[i].assign(pixels, 1);
      StripBuffer part = out;
      part.valid = valid_[i].data();
      return groups_[i]->Read(y, rows, part);
    }));
    for (const auto& valid : valid_) {
      for (size_t i = 0; i < pixels; ++i) out.valid[i] &= valid[i];
    }
    return absl::OkStatus();
  }

 private:
  const Grid grid_;
  const int bands_;
  const SampleType type_;
  const size_t threads_;
  const std::vector<std::unique_ptr<BandGroup>> groups_;
  std::vector<std::vector<uint8_t>> valid_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SceneReader>> SceneReader::Open(
    const std::vector<RasterBand>& bands, const GridRequest& request) {
  if (request.reference < 0 ||
      request.reference >= static_cast<int>(bands.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reference band ", request.reference, " of ", bands.size(), " bands"));
  }
  std::vector<size_t> place;
  PB_ASSIGN_OR_RETURN(std::vector<Source> sources, OpenSources(bands, place));
  const OpenRaster& reference = sources[place[request.reference]].raster;
  PB_ASSIGN_OR_RETURN(const TargetGrid target,
                      MakeTargetGrid(reference, request));

  std::vector<Placement> placements;
  bool remote = false;
  std::optional<SampleType> common;
  for (const Source& source : sources) {
    PB_ASSIGN_OR_RETURN(Placement placement,
                        Place(source.raster, target, reference));
    placements.push_back(placement);
    remote = remote || IsRemote(source.raster.location);
    for (const GroupBand& band : source.bands) {
      PB_ASSIGN_OR_RETURN(
          SampleType type,
          NativeType(source.raster.dataset->GetRasterBand(band.band)
                         ->GetRasterDataType()));
      // A mean of integers is none.
      if (placement.kind == Placement::Kind::kResampled &&
          ChooseMode(band.nearest, placement.columns.ratio,
                     placement.rows.ratio) == ResampleMode::kAverage) {
        type = SampleType::kFloat32;
      }
      common = common ? CommonType(*common, type) : type;
    }
  }
  std::vector<std::unique_ptr<BandGroup>> groups;
  for (size_t i = 0; i < sources.size(); ++i) {
    GroupMasks masks = FindMasks(sources[i]);
    const Placement& p = placements[i];
    switch (p.kind) {
      case Placement::Kind::kAligned:
        groups.push_back(MakeAlignedGroup(
            std::move(sources[i].raster), std::move(sources[i].bands),
            std::move(masks), std::llround(p.columns.offset),
            std::llround(p.rows.offset), target.grid, *common));
        break;
      case Placement::Kind::kResampled:
        groups.push_back(MakeResampledGroup(
            std::move(sources[i].raster), std::move(sources[i].bands),
            std::move(masks), p.columns, p.rows, target.grid, *common));
        break;
      case Placement::Kind::kWarped:
        PB_RETURN_IF_ERROR(
            AddWarped(std::move(sources[i]), target, *common, groups));
        break;
    }
  }
  return std::make_unique<SceneReaderImpl>(target.grid,
                                           static_cast<int>(bands.size()),
                                           *common, remote, std::move(groups));
}

}  // namespace pushbroom
