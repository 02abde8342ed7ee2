#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "workers/raster/band_group.h"
#include "workers/raster/gdal_errors.h"
#include "workers/raster/sample_convert.h"

namespace pushbroom {
namespace {

// GDAL's cache has to hold the blocks of one chunk of columns.
constexpr int64_t kChunkBytes = int64_t{16} << 20;

/// Where rows of the window go: samples of band i of the group begin at
/// samples + slot(i) * band_stride.
struct Rows {
  uint8_t* samples = nullptr;
  size_t band_stride = 0;  // bytes
  size_t line_stride = 0;  // bytes
  uint8_t* valid = nullptr;
  size_t valid_stride = 0;
};

class AlignedGroup final : public BandGroup {
 public:
  AlignedGroup(OpenRaster raster, std::vector<GroupBand> bands,
               GroupMasks masks, int64_t column, int64_t row, const Grid& grid,
               SampleType type, std::vector<OpenRaster> keep,
               int64_t max_carry_bytes)
      : keep_(std::move(keep)),
        raster_(std::move(raster)),
        bands_(std::move(bands)),
        masks_(std::move(masks.masks)),
        type_(type),
        size_(SizeOf(type)),
        width_(grid.width),
        column_(column),
        row_(row),
        max_carry_bytes_(max_carry_bytes) {
    begin_ = std::clamp<int64_t>(-column, 0, width_);
    end_ = std::clamp<int64_t>(raster_.width() - column, begin_, width_);
    last_row_ = std::min<int64_t>(raster_.height(), row + grid.height);
    GDALDataset& dataset = *raster_.dataset;
    dataset.GetRasterBand(bands_[0].band)
        ->GetBlockSize(&block_width_, &block_height_);
    // A pixel-interleaved block is decoded for all bands of the file at once.
    int64_t bytes = 0;
    for (int i = 1; i <= dataset.GetRasterCount(); ++i) {
      bytes += GDALGetDataTypeSizeBytes(
          dataset.GetRasterBand(i)->GetRasterDataType());
    }
    bytes *= int64_t{block_width_} * block_height_;
    chunk_ = block_width_ * std::max<int64_t>(1, kChunkBytes / bytes);
  }

  absl::Status Read(int64_t y, int rows, const StripBuffer& out) override {
    Rows target{static_cast<uint8_t*>(out.samples), out.band_stride * size_,
                static_cast<size_t>(width_) * size_, out.valid,
                static_cast<size_t>(width_)};
    ClearOutside(y, rows, target);
    // From here in rows of the source.
    const int64_t from = std::max<int64_t>(y + row_, 0);
    const int64_t to = std::min<int64_t>(y + rows + row_, last_row_);
    if (from >= to || begin_ >= end_) return absl::OkStatus();
    const auto at = [&](int64_t source_row) {
      return Shifted(target, source_row - row_ - y, begin_);
    };
    int64_t next = from;
    if (next >= carry_begin_ && next < carry_end_) {
      const int64_t stop = std::min(to, carry_end_);
      CopyCarry(next, stop, at(next));
      next = stop;
    }
    while (next < to) {
      const int64_t block_end = std::min<int64_t>(
          (next / block_height_ + 1) * block_height_, last_row_);
      const int64_t stop = std::min(to, block_end);
      PB_RETURN_IF_ERROR(ReadBlockRow(next, stop, block_end, at(next)));
      next = stop;
    }
    for (int64_t r = from; r < to; ++r) MarkRow(at(r));
    return absl::OkStatus();
  }

 private:
  int64_t window() const { return end_ - begin_; }

  Rows Shifted(Rows rows, int64_t by_rows, int64_t by_columns) const {
    rows.samples += by_rows * rows.line_stride + by_columns * size_;
    rows.valid += by_rows * rows.valid_stride + by_columns;
    return rows;
  }

  uint8_t* SamplesOf(const Rows& rows, int slot) const {
    return rows.samples + static_cast<size_t>(slot) * rows.band_stride;
  }

  // Pixels of the strip that the raster does not cover.
  void ClearOutside(int64_t y, int rows, const Rows& out) const {
    for (int r = 0; r < rows; ++r) {
      const int64_t source = y + r + row_;
      const bool inside = source >= 0 && source < last_row_;
      const int64_t begin = inside ? begin_ : width_;
      const int64_t end = inside ? end_ : width_;
      const Rows line = Shifted(out, r, 0);
      for (const auto& [from, to] :
           {std::pair{int64_t{0}, begin}, std::pair{end, width_}}) {
        if (from >= to) continue;
        std::memset(line.valid + from, 0, to - from);
        for (const GroupBand& band : bands_) {
          std::memset(SamplesOf(line, band.slot) + from * size_, 0,
                      (to - from) * size_);
        }
      }
    }
  }

  // Whether that many source rows may be kept.
  bool FitsCarry(int64_t rows) const {
    return static_cast<double>(rows) * static_cast<double>(window()) *
               static_cast<double>(bands_.size() * size_ + 1) <=
           static_cast<double>(max_carry_bytes_);
  }

  // Source rows [from, to) into `out`, and the rest of their block row, up to
  // `block_end`, into the carry. A rest too large to keep is decoded again
  // when it is asked for: slower, but a file's layout does not decide how much
  // memory is used.
  absl::Status ReadBlockRow(int64_t from, int64_t to, int64_t block_end,
                            const Rows& out) {
    const int64_t rest = block_end - to;
    const int64_t kept = FitsCarry(rest) ? rest : 0;
    Rows carry;
    if (kept > 0) {
      const size_t plane = static_cast<size_t>(kept * window());
      carry_samples_.resize(bands_.size() * plane * size_);
      carry_valid_.assign(plane, 1);
      carry = {carry_samples_.data(), plane * size_, window() * size_,
               carry_valid_.data(), static_cast<size_t>(window())};
    }
    const int64_t first = column_ + begin_, last = column_ + end_;
    for (int64_t x = first; x < last;) {
      const int64_t stop = std::min(last, (x / chunk_ + 1) * chunk_);
      PB_RETURN_IF_ERROR(ReadWindow(x, stop - x, from, to - from,
                                    Shifted(out, 0, x - first), true));
      if (kept > 0) {
        PB_RETURN_IF_ERROR(ReadWindow(x, stop - x, to, kept,
                                      Shifted(carry, 0, x - first), false));
      }
      x = stop;
    }
    carry_begin_ = to;
    carry_end_ = to + kept;
    // Everything of these blocks was taken; else some may still be cached.
    if (kept == rest) raster_.dataset->FlushCache(false);
    return absl::OkStatus();
  }

  // `slots`: rows of the scene, where each band has its own slot; else of the
  // carry, where bands follow each other.
  absl::Status ReadWindow(int64_t x, int64_t width, int64_t y, int64_t rows,
                          const Rows& to, bool slots) {
    GdalErrors errors;
    bool ok = true;
    for (size_t i = 0; ok && i < bands_.size();) {
      // Bands that stand together in the buffer are read by one call.
      std::vector<int> run;
      const size_t first = i;
      do {
        run.push_back(bands_[i].band);
        ++i;
      } while (i < bands_.size() && bands_[i].slot == bands_[i - 1].slot + 1);
      const int slot = slots ? bands_[first].slot : static_cast<int>(first);
      ok = raster_.dataset->RasterIO(
               GF_Read, static_cast<int>(x), static_cast<int>(y),
               static_cast<int>(width), static_cast<int>(rows),
               SamplesOf(to, slot), static_cast<int>(width),
               static_cast<int>(rows), GdalType(type_),
               static_cast<int>(run.size()), run.data(),
               static_cast<GSpacing>(size_),
               static_cast<GSpacing>(to.line_stride),
               static_cast<GSpacing>(to.band_stride), nullptr) == CE_None;
    }
    for (size_t i = 0; ok && i < masks_.size(); ++i) {
      mask_.resize(static_cast<size_t>(width * rows));
      ok = masks_[i]->RasterIO(GF_Read, static_cast<int>(x),
                               static_cast<int>(y), static_cast<int>(width),
                               static_cast<int>(rows), mask_.data(),
                               static_cast<int>(width), static_cast<int>(rows),
                               GDT_Byte, 1, width, nullptr) == CE_None;
      for (int64_t r = 0; ok && r < rows; ++r) {
        uint8_t* valid = to.valid + r * to.valid_stride;
        for (int64_t c = 0; c < width; ++c) {
          valid[c] =
              static_cast<uint8_t>(valid[c] & (mask_[r * width + c] > 0));
        }
      }
    }
    if (ok) return absl::OkStatus();
    return Annotate(
        ReadError(raster_.location, errors.text()),
        absl::StrCat("rows ", y, " to ", y + rows - 1, " cannot be read"));
  }

  void CopyCarry(int64_t from, int64_t to, const Rows& out) const {
    const int64_t kept = carry_end_ - carry_begin_;
    const size_t line = static_cast<size_t>(window()) * size_;
    for (int64_t r = from; r < to; ++r) {
      const Rows row = Shifted(out, r - from, 0);
      for (size_t i = 0; i < bands_.size(); ++i) {
        std::memcpy(
            SamplesOf(row, bands_[i].slot),
            carry_samples_.data() + (i * kept + (r - carry_begin_)) * line,
            line);
      }
      const uint8_t* valid =
          carry_valid_.data() + (r - carry_begin_) * window();
      for (int64_t c = 0; c < window(); ++c) row.valid[c] &= valid[c];
    }
  }

  void MarkRow(const Rows& row) const {
    for (const GroupBand& band : bands_) {
      if (band.nodata.empty() && type_ != SampleType::kFloat32) continue;
      MarkInvalid(type_, SamplesOf(row, band.slot),
                  static_cast<size_t>(window()), band.nodata, row.valid);
    }
  }

  const std::vector<OpenRaster> keep_;  // before raster_: closed after it
  const OpenRaster raster_;
  const std::vector<GroupBand> bands_;  // ascending slots
  const std::vector<GDALRasterBand*> masks_;
  const SampleType type_;
  const size_t size_;
  const int64_t width_;
  const int64_t column_, row_;   // of target (0, 0) in the source
  int64_t begin_ = 0, end_ = 0;  // target columns that are covered
  int64_t last_row_ = 0;         // source rows from here are not needed
  int block_width_ = 1, block_height_ = 1;
  int64_t chunk_ = 1;  // columns
  const int64_t max_carry_bytes_;

  // Source rows [carry_begin_, carry_end_) of blocks that were decoded.
  int64_t carry_begin_ = 0, carry_end_ = 0;
  std::vector<uint8_t> carry_samples_, carry_valid_;
  std::vector<uint8_t> mask_;
};

}  // namespace

std::unique_ptr<BandGroup> MakeAlignedGroup(
    OpenRaster raster, std::vector<GroupBand> bands, GroupMasks masks,
    int64_t column, int64_t row, const Grid& grid, SampleType type,
    std::vector<OpenRaster> keep, int64_t max_carry_bytes) {
  return std::make_unique<AlignedGroup>(std::move(raster), std::move(bands),
                                        std::move(masks), column, row, grid,
                                        type, std::move(keep), max_carry_bytes);
}

}  // namespace pushbroom
