#include "workers/raster/raster_writer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gdal_priv.h"
#include "ogr_spatialref.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "workers/raster/gdal_errors.h"
#include "workers/raster/raster_info.h"

namespace pushbroom {
namespace {

// Rows wait until a row of blocks is whole, so the block height bounds memory.
constexpr int kClassBlock = 512;
constexpr int kValueBlock = 256;

GDALDriver* DriverNamed(const char* name) {
  return GetGDALDriverManager()->GetDriverByName(name);
}

// The staged file is read once: speed counts, not size.
const char* StagingCompression() {
  const char* list =
      DriverNamed("GTiff")->GetMetadataItem(GDAL_DMD_CREATIONOPTIONLIST);
  return list != nullptr && absl::StrContains(list, ">ZSTD<") ? "ZSTD"
                                                              : "DEFLATE";
}

absl::Status Failed(const std::string& what, const std::string& path,
                    const GdalErrors& errors) {
  return absl::InternalError(
      absl::StrCat(what, " ", path, " failed: ", errors.text()));
}

class RasterWriterImpl final : public RasterWriter {
 public:
  RasterWriterImpl(const Grid& grid, const RasterOptions& options)
      : options_(options),
        width_(grid.width),
        height_(grid.height),
        type_(options.classes.empty() ? GDT_Float32 : GDT_Byte),
        size_(options.classes.empty() ? sizeof(float) : 1),
        block_(options.classes.empty() ? kValueBlock : kClassBlock),
        staged_path_(absl::StrCat(options.scratch_directory, "/staged-",
                                  NewUuid(), ".tif")) {}

  ~RasterWriterImpl() override {
    staged_.reset();
    unlink(staged_path_.c_str());
  }

  absl::Status Init(const Grid& grid) {
    GdalErrors errors;
    const std::string compression = StagingCompression();
    const std::string block = std::to_string(block_);
    char** create = nullptr;
    create = CSLSetNameValue(create, "TILED", "YES");
    create = CSLSetNameValue(create, "BLOCKXSIZE", block.c_str());
    create = CSLSetNameValue(create, "BLOCKYSIZE", block.c_str());
    create = CSLSetNameValue(create, "COMPRESS", compression.c_str());
    create = CSLSetNameValue(create, "ZSTD_LEVEL", "1");
    create = CSLSetNameValue(create, "ZLEVEL", "1");
    create = CSLSetNameValue(create, "INTERLEAVE", "BAND");
    create = CSLSetNameValue(create, "SPARSE_OK", "YES");
    create = CSLSetNameValue(create, "BIGTIFF", "IF_SAFER");
    staged_.reset(DriverNamed("GTiff")->Create(
        staged_path_.c_str(), static_cast<int>(width_),
        static_cast<int>(height_), options_.bands, type_, create));
    CSLDestroy(create);
    if (staged_ == nullptr) return Failed("making", staged_path_, errors);
    PB_RETURN_IF_ERROR(Describe(grid, errors));
    const size_t bytes =
        static_cast<size_t>(options_.bands) * block_ * width_ * size_;
    buffer_.resize(bytes);
    return absl::OkStatus();
  }

  absl::Status Write(int64_t y, int rows, const void* values) override {
    if (y != next_ || rows < 0 || y + rows > height_) {
      return absl::InternalError(absl::StrCat("rows ", y, " to ", y + rows - 1,
                                              " were written where ", next_,
                                              " of ", height_, " comes next"));
    }
    const auto* bytes = static_cast<const uint8_t*>(values);
    const size_t line = static_cast<size_t>(width_) * size_;
    int taken = 0;
    while (taken < rows) {
      const int held = static_cast<int>(next_ % block_);
      const int n = std::min(rows - taken, block_ - held);
      for (int b = 0; b < options_.bands; ++b) {
        std::memcpy(
            buffer_.data() + (static_cast<size_t>(b) * block_ + held) * line,
            bytes + (static_cast<size_t>(b) * rows + taken) * line, n * line);
      }
      taken += n;
      next_ += n;
      if (next_ % block_ == 0 || next_ == height_) {
        PB_RETURN_IF_ERROR(Flush(held + n));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (staged_ == nullptr) {
      return absl::InternalError("a raster was finished twice");
    }
    if (next_ != height_) {
      return absl::InternalError(
          absl::StrCat("only ", next_, " of ", height_, " rows were written"));
    }
    GdalErrors errors;
    staged_->FlushCache(false);
    const bool classes = !options_.classes.empty();
    char** create = nullptr;
    create = CSLSetNameValue(create, "COMPRESS", "DEFLATE");
    create = CSLSetNameValue(create, "PREDICTOR", classes ? "NO" : "YES");
    create = CSLSetNameValue(create, "BLOCKSIZE", "512");
    create = CSLSetNameValue(create, "OVERVIEW_RESAMPLING",
                             classes ? "MODE" : "AVERAGE");
    create = CSLSetNameValue(create, "BIGTIFF", "IF_SAFER");
    const std::string partial = options_.path + ".partial";
    GDALDatasetUniquePtr cog(DriverNamed("COG")->CreateCopy(
        partial.c_str(), staged_.get(), FALSE, create, nullptr, nullptr));
    CSLDestroy(create);
    const bool made = cog != nullptr;
    cog.reset();  // writes what is left
    staged_.reset();
    unlink(staged_path_.c_str());
    if (!made) {
      unlink(partial.c_str());
      return Failed("writing", options_.path, errors);
    }
    if (std::rename(partial.c_str(), options_.path.c_str()) != 0) {
      unlink(partial.c_str());
      return absl::InternalError(
          absl::StrCat(partial, " cannot be renamed to ", options_.path));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Describe(const Grid& grid, const GdalErrors& errors) {
    constexpr std::array<double, 6> kPixels{0, 1, 0, 0, 0, 1};
    std::array<double, 6> transform = grid.geotransform;
    bool ok = true;
    if (transform != kPixels) {
      ok = staged_->SetGeoTransform(transform.data()) == CE_None;
    }
    if (!grid.crs_wkt.empty()) {
      OGRSpatialReference srs;
      ok = ok && srs.importFromWkt(grid.crs_wkt.c_str()) == OGRERR_NONE;
      srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
      ok = ok && staged_->SetSpatialRef(&srs) == CE_None;
    }
    for (int i = 1; i <= options_.bands; ++i) {
      GDALRasterBand* band = staged_->GetRasterBand(i);
      band->SetNoDataValue(options_.nodata);
      if (static_cast<size_t>(i) <= options_.band_names.size()) {
        band->SetDescription(options_.band_names[i - 1].c_str());
      }
    }
    if (!options_.classes.empty()) DescribeClasses();
    return ok ? absl::OkStatus() : Failed("describing", staged_path_, errors);
  }

  // A GeoTIFF has no place for category names but a sidecar that GDAL keeps
  // (.aux.xml), which would not travel with the file. As metadata of the band
  // they stand in the file's own GDAL_METADATA tag.
  void DescribeClasses() {
    GDALRasterBand* band = staged_->GetRasterBand(1);
    GDALColorTable colors;
    // 255 is transparent; values without a class are black.
    const GDALColorEntry none{0, 0, 0, 0};
    for (int value = 0; value < 256; ++value) {
      colors.SetColorEntry(value, &none);
    }
    for (const RasterClass& one : options_.classes) {
      const GDALColorEntry entry{one.red, one.green, one.blue, 255};
      colors.SetColorEntry(one.value, &entry);
      band->SetMetadataItem(absl::StrCat("CLASS_", one.value).c_str(),
                            one.name.c_str());
    }
    if (options_.bands == 1) band->SetColorTable(&colors);
  }

  absl::Status Flush(int rows) {
    GdalErrors errors;
    const size_t line = static_cast<size_t>(width_) * size_;
    const int64_t y = next_ - rows;
    for (int b = 0; b < options_.bands; ++b) {
      GDALRasterBand* band = staged_->GetRasterBand(b + 1);
      if (band->RasterIO(
              GF_Write, 0, static_cast<int>(y), static_cast<int>(width_), rows,
              buffer_.data() + static_cast<size_t>(b) * block_ * line,
              static_cast<int>(width_), rows, type_, 0, 0,
              nullptr) != CE_None) {
        return Failed("writing", staged_path_, errors);
      }
    }
    // Whole blocks: nothing is gained by keeping them.
    staged_->FlushCache(false);
    return absl::OkStatus();
  }

  const RasterOptions options_;
  const int64_t width_, height_;
  const GDALDataType type_;
  const size_t size_;
  const int block_;
  const std::string staged_path_;
  GDALDatasetUniquePtr staged_;
  std::vector<uint8_t> buffer_;  // one row of blocks, band by band
  int64_t next_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RasterWriter>> RasterWriter::Create(
    const Grid& grid, const RasterOptions& options) {
  InitRaster();
  constexpr int64_t kMaxSide = std::numeric_limits<int>::max();
  if (grid.width < 1 || grid.height < 1 || grid.width > kMaxSide ||
      grid.height > kMaxSide || options.bands < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a raster of ", grid.width, " x ", grid.height, " x ",
                     options.bands, " cannot be written"));
  }
  auto writer = std::make_unique<RasterWriterImpl>(grid, options);
  PB_RETURN_IF_ERROR(writer->Init(grid));
  return writer;
}

}  // namespace pushbroom
