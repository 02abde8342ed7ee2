#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "workers/raster/band_group.h"
#include "workers/raster/gdal_errors.h"
#include "workers/raster/sample_convert.h"

namespace pushbroom {
namespace {

// One line of source pixels, with their validity and mask, and likewise the
// pixels of one column that make a target pixel.
constexpr double kMaxLineBytes = 64.0 * (1 << 20);
constexpr double kLinePixelBytes = sizeof(float) + 2;
// A target pixel is there if at least half of what it is made of is.
constexpr float kMinShare = 0.5F;

class ResampledGroup final : public BandGroup {
 public:
  ResampledGroup(OpenRaster raster, std::vector<GroupBand> bands,
                 GroupMasks masks, const AxisMap& columns, const AxisMap& rows,
                 const Grid& grid, SampleType type, int64_t pass_bytes)
      : raster_(std::move(raster)),
        bands_(std::move(bands)),
        masks_(std::move(masks.masks)),
        columns_(columns),
        rows_(rows),
        width_(grid.width),
        type_(type),
        pass_bytes_(static_cast<double>(pass_bytes)) {
    const char* interleave =
        raster_.dataset->GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE");
    pixel_interleaved_ = interleave != nullptr && EQUAL(interleave, "PIXEL");
  }

  absl::Status Read(int64_t y, int rows, const StripBuffer& out) override {
    PB_RETURN_IF_ERROR(CheckLines());
    // As many rows at once as fit: what is decoded should be decoded once.
    const int step = static_cast<int>(std::clamp<double>(
        pass_bytes_ / std::max(1.0, SourceRowBytes() * rows_.ratio), 1, rows));
    const auto pass = [&](size_t band, int first) {
      return ReadBand(bands_[band], y, first, std::min(step, rows - first),
                      out);
    };
    // The order in which blocks stay in GDAL's cache: one of a file with
    // interleaved pixels holds all bands.
    if (pixel_interleaved_) {
      for (int first = 0; first < rows; first += step) {
        for (size_t b = 0; b < bands_.size(); ++b) {
          PB_RETURN_IF_ERROR(pass(b, first));
        }
      }
      return absl::OkStatus();
    }
    for (size_t b = 0; b < bands_.size(); ++b) {
      for (int first = 0; first < rows; first += step) {
        PB_RETURN_IF_ERROR(pass(b, first));
      }
    }
    return absl::OkStatus();
  }

 private:
  // A line of the source, or what becomes of it across: whichever is longer.
  double SourceRowBytes() const {
    return std::max(static_cast<double>(raster_.width()) * sizeof(float),
                    static_cast<double>(width_) * 2 * sizeof(float));
  }

  // Many lines are taken in passes, but one has to fit.
  absl::Status CheckLines() const {
    const auto check = [&](const char* what, const AxisMap& axis,
                           double pixels) {
      pixels = std::min(pixels, static_cast<double>(axis.source_size));
      if (pixels * kLinePixelBytes <= kMaxLineBytes) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(
          DisplayName(raster_.location), " would be resampled from ",
          static_cast<int64_t>(pixels), " ", what, " at once (ratio ",
          axis.ratio, "), more than ",
          static_cast<int64_t>(kMaxLineBytes / kLinePixelBytes)));
    };
    PB_RETURN_IF_ERROR(check("columns", columns_,
                             static_cast<double>(width_) * columns_.ratio));
    return check("rows", rows_, rows_.ratio);
  }

  // Rows of the source that a pass needs, and where they end up.
  struct Window {
    int64_t x = 0, width = 0, y = 0, height = 0;
  };

  const std::vector<Taps>& ColumnTaps(ResampleMode mode) {
    std::vector<Taps>& taps = column_taps_[static_cast<int>(mode)];
    if (taps.empty()) {
      taps.reserve(static_cast<size_t>(width_));
      for (int64_t c = 0; c < width_; ++c) {
        taps.push_back(TapsOf(columns_, mode, c));
      }
    }
    return taps;
  }

  static void Extend(const std::vector<Taps>& taps, int64_t& begin,
                     int64_t& end) {
    begin = INT64_MAX;
    end = 0;
    for (const Taps& t : taps) {
      if (t.weights.empty()) continue;
      begin = std::min(begin, t.first);
      end = std::max(end, t.first + static_cast<int64_t>(t.weights.size()));
    }
    if (begin > end) begin = end;
  }

  absl::Status ReadBand(const GroupBand& band, int64_t y, int first, int rows,
                        const StripBuffer& out) {
    const ResampleMode mode =
        ChooseMode(band.nearest, columns_.ratio, rows_.ratio);
    const std::vector<Taps>& across = ColumnTaps(mode);
    std::vector<Taps> down;
    for (int r = 0; r < rows; ++r) {
      down.push_back(TapsOf(rows_, mode, y + first + r));
    }
    Window window;
    int64_t end = 0;
    Extend(across, window.x, end);
    window.width = end - window.x;
    Extend(down, window.y, end);
    window.height = end - window.y;
    const bool empty = window.width <= 0 || window.height <= 0;
    // A single row may be made of very many: they are added up in parts.
    int64_t part_rows = window.height;
    if (rows == 1) {
      part_rows = std::clamp<int64_t>(
          static_cast<int64_t>(pass_bytes_ / SourceRowBytes()), 1,
          std::max<int64_t>(1, window.height));
    } else if (!empty) {
      PB_RETURN_IF_ERROR(ReadAcross(band, across, window));
    }
    line_.resize(static_cast<size_t>(width_));
    share_.resize(static_cast<size_t>(width_));
    for (int r = 0; r < rows; ++r) {
      std::fill(line_.begin(), line_.end(), 0.0F);
      std::fill(share_.begin(), share_.end(), 0.0F);
      if (rows > 1 && !empty) Down(down[r], window);
      for (int64_t at = 0; rows == 1 && !empty && at < window.height;
           at += part_rows) {
        Window part = window;
        part.y += at;
        part.height = std::min(part_rows, window.height - at);
        PB_RETURN_IF_ERROR(ReadAcross(band, across, part));
        Down(down[r], part);
      }
      const size_t row = static_cast<size_t>(first + r);
      uint8_t* valid = out.valid + row * width_;
      for (int64_t c = 0; c < width_; ++c) {
        // The two kinds of weights sum to one up to rounding.
        if (share_[c] >= kMinShare - 1e-4F) {
          if (share_[c] < 1 - 1e-4F) line_[c] /= share_[c];
        } else {
          line_[c] = 0;
          valid[c] = 0;
        }
      }
      Store(line_.data(), static_cast<size_t>(width_), type_,
            static_cast<uint8_t*>(out.samples) +
                (static_cast<size_t>(band.slot) * out.band_stride +
                 row * width_) *
                    SizeOf(type_));
    }
    return absl::OkStatus();
  }

  // The window, resampled along its rows.
  absl::Status ReadAcross(const GroupBand& band, const std::vector<Taps>& taps,
                          const Window& window) {
    PB_RETURN_IF_ERROR(ReadSource(band, window));
    across_.resize(static_cast<size_t>(width_ * window.height));
    across_share_.resize(across_.size());
    for (int64_t r = 0; r < window.height; ++r) Across(taps, window, r);
    return absl::OkStatus();
  }

  // The window as floats, 0 where nothing is there, and which pixels are.
  absl::Status ReadSource(const GroupBand& band, const Window& window) {
    const auto count = static_cast<size_t>(window.width * window.height);
    values_.resize(count);
    valid_.assign(count, 1);
    GdalErrors errors;
    const auto read = [&](GDALRasterBand* from, void* to, GDALDataType type) {
      return from->RasterIO(GF_Read, static_cast<int>(window.x),
                            static_cast<int>(window.y),
                            static_cast<int>(window.width),
                            static_cast<int>(window.height), to,
                            static_cast<int>(window.width),
                            static_cast<int>(window.height), type, 0, 0,
                            nullptr) == CE_None;
    };
    bool ok = read(raster_.dataset->GetRasterBand(band.band), values_.data(),
                   GDT_Float32);
    for (GDALRasterBand* mask : masks_) {
      mask_.resize(count);
      ok = ok && read(mask, mask_.data(), GDT_Byte);
      for (size_t i = 0; i < count; ++i) {
        valid_[i] = static_cast<uint8_t>(valid_[i] & (mask_[i] > 0));
      }
    }
    if (!ok) {
      return Annotate(
          ReadError(raster_.location, errors.text()),
          absl::StrCat("rows ", window.y, " to ", window.y + window.height - 1,
                       " cannot be read"));
    }
    MarkInvalid(SampleType::kFloat32, values_.data(), count, band.nodata,
                valid_.data());
    whole_ = std::find(valid_.begin(), valid_.end(), 0) == valid_.end();
    if (!whole_) {
      for (size_t i = 0; i < count; ++i) {
        if (valid_[i] == 0) values_[i] = 0;
      }
    }
    return absl::OkStatus();
  }

  // Row r of the window, resampled along the row.
  void Across(const std::vector<Taps>& taps, const Window& window, int64_t r) {
    const float* values = values_.data() + r * window.width - window.x;
    const uint8_t* valid = valid_.data() + r * window.width - window.x;
    float* to = across_.data() + r * width_;
    float* share = across_share_.data() + r * width_;
    for (int64_t c = 0; c < width_; ++c) {
      const Taps& t = taps[c];
      float sum = 0, weight = 0;
      for (size_t i = 0; i < t.weights.size(); ++i) {
        sum += t.weights[i] * values[t.first + i];
        weight += whole_
                      ? t.weights[i]
                      : t.weights[i] * static_cast<float>(valid[t.first + i]);
      }
      to[c] = sum;
      share[c] = weight;
    }
  }

  // Adds what the rows of the window are to a target row.
  void Down(const Taps& taps, const Window& window) {
    const auto count = static_cast<int64_t>(taps.weights.size());
    const int64_t begin = std::max<int64_t>(0, window.y - taps.first);
    const int64_t end = std::min(count, window.y + window.height - taps.first);
    for (int64_t i = begin; i < end; ++i) {
      const float weight = taps.weights[i];
      const int64_t row = taps.first + i - window.y;
      const float* values = across_.data() + row * width_;
      const float* share = across_share_.data() + row * width_;
      for (int64_t c = 0; c < width_; ++c) {
        line_[c] += weight * values[c];
        share_[c] += weight * share[c];
      }
    }
  }

  const OpenRaster raster_;
  const std::vector<GroupBand> bands_;
  const std::vector<GDALRasterBand*> masks_;
  const AxisMap columns_, rows_;
  const int64_t width_;
  const SampleType type_;
  const double pass_bytes_;
  bool pixel_interleaved_ = false;

  std::vector<Taps> column_taps_[3];  // by mode, when needed
  std::vector<float> values_;
  std::vector<uint8_t> valid_, mask_;
  bool whole_ = true;  // no invalid pixel in the window
  std::vector<float> across_, across_share_, line_, share_;
};

}  // namespace

std::unique_ptr<BandGroup> MakeResampledGroup(
    OpenRaster raster, std::vector<GroupBand> bands, GroupMasks masks,
    const AxisMap& columns, const AxisMap& rows, const Grid& grid,
    SampleType type, int64_t pass_bytes) {
  return std::make_unique<ResampledGroup>(std::move(raster), std::move(bands),
                                          std::move(masks), columns, rows, grid,
                                          type, pass_bytes);
}

}  // namespace pushbroom
