#include "workers/pipeline/pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/bounded_queue.h"
#include "service/core/base/guarded.h"
#include "service/core/base/status.h"
#include "workers/pipeline/kernels.h"
#include "workers/pipeline/stitcher.h"
#include "workers/pipeline/strip_ring.h"
#include "workers/pipeline/tile_grid.h"

namespace pushbroom {
namespace {

// What the tiler tells the stitcher of one row of tiles.
struct RowPlan {
  std::vector<uint8_t> run;    // by column: 1 if the tile was submitted
  std::vector<uint8_t> valid;  // of the rows that become final, [rows][width]
};

absl::Status CheckOptions(const PipelineOptions& options,
                          const StripSource& source, const TileShape& shape) {
  const auto count = static_cast<size_t>(std::max(2, shape.output_channels));
  if (shape.size <= 0 || shape.output_size != shape.size) {
    return absl::UnimplementedError(absl::StrCat(
        "the model's output tile has ", shape.output_size,
        " pixels a side, its input ", shape.size, "; they must be equal"));
  }
  if (options.overlap < 0 || options.overlap % 2 != 0 ||
      options.overlap > shape.size / 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "overlap ", options.overlap,
        " must be even and at most half of the tile size ", shape.size));
  }
  if (source.bands() != shape.channels ||
      options.channels.size() != static_cast<size_t>(shape.channels)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the scene has ", source.bands(), " bands and ",
                     options.channels.size(), " recipes, the model takes ",
                     shape.channels, " channels"));
  }
  if (options.class_values.size() != count) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the model gives ", shape.output_channels, " channels, there are ",
        options.class_values.size(), " class values"));
  }
  return absl::OkStatus();
}

// Cuts tiles out of the ring, scaled into batch places. One thread.
class Tiler {
 public:
  Tiler(const TileAxis& rows, const TileAxis& columns, SampleType type,
        std::vector<ChannelKernel> kernels, StripRing& ring,
        TileSession& session, BoundedQueue<RowPlan>& plans)
      : rows_(rows),
        columns_(columns),
        type_(type),
        kernels_(std::move(kernels)),
        ring_(ring),
        session_(session),
        plans_(plans) {}

  absl::Status Run() {
    for (int row = 0; row < rows_.count(); ++row) {
      PB_RETURN_IF_ERROR(RunRow(row));
    }
    session_.Finish();
    return absl::OkStatus();
  }

 private:
  absl::Status RunRow(int row) {
    const int64_t y = rows_.Begin(row);
    const int inside = rows_.Inside(row);
    PB_RETURN_IF_ERROR(ring_.WaitFor(y, y + inside));
    RowPlan plan;
    plan.run.resize(static_cast<size_t>(columns_.count()));
    for (int column = 0; column < columns_.count(); ++column) {
      plan.run[static_cast<size_t>(column)] = HasValue(y, inside, column);
    }
    const auto width = static_cast<size_t>(columns_.length());
    plan.valid.resize(static_cast<size_t>(rows_.Final(row)) * width);
    for (int k = 0; k < rows_.Final(row); ++k) {
      std::memcpy(plan.valid.data() + static_cast<size_t>(k) * width,
                  ring_.Valid(y + k), width);
    }
    const std::vector<uint8_t> run = plan.run;
    if (!plans_.Push(std::move(plan))) {
      return absl::CancelledError("the pipeline was stopped");
    }
    for (int column = 0; column < columns_.count(); ++column) {
      if (!run[static_cast<size_t>(column)]) continue;
      PB_ASSIGN_OR_RETURN(const TilePlace place, session_.Acquire());
      Cut(y, inside, column, place.values);
      session_.Submit(place);
    }
    ring_.Release(rows_.last(row) ? rows_.length() : rows_.Begin(row + 1));
    return absl::OkStatus();
  }

  bool HasValue(int64_t y, int inside, int column) const {
    const int64_t x = columns_.Begin(column);
    for (int k = 0; k < inside; ++k) {
      if (AnyValid(ring_.Valid(y + k) + x, columns_.Inside(column))) {
        return true;
      }
    }
    return false;
  }

  // Beyond the scene's right and lower edge the scene is mirrored, which shows
  // a convolution what it saw in training more than zeros would.
  void Cut(int64_t y, int inside, int column, float* out) const {
    const int tile = rows_.tile();
    const int64_t x = columns_.Begin(column);
    const int across = columns_.Inside(column);
    const size_t sample = SizeOf(type_);
    for (size_t c = 0; c < kernels_.size(); ++c) {
      float* plane =
          out + c * static_cast<size_t>(tile) * static_cast<size_t>(tile);
      for (int k = 0; k < inside; ++k) {
        float* row = plane + static_cast<size_t>(k) * static_cast<size_t>(tile);
        const char* stored =
            static_cast<const char*>(ring_.Row(static_cast<int>(c), y + k)) +
            static_cast<size_t>(x) * sample;
        ScaleRow(type_, stored, ring_.Valid(y + k) + x, across, kernels_[c],
                 row);
        for (int i = across; i < tile; ++i) {
          row[i] = row[Reflect(i, across)];
        }
      }
      for (int k = inside; k < tile; ++k) {
        std::memcpy(plane + static_cast<size_t>(k) * static_cast<size_t>(tile),
                    plane + static_cast<size_t>(Reflect(k, inside)) *
                                static_cast<size_t>(tile),
                    static_cast<size_t>(tile) * sizeof(float));
      }
    }
  }

  const TileAxis rows_, columns_;
  const SampleType type_;
  const std::vector<ChannelKernel> kernels_;
  StripRing& ring_;
  TileSession& session_;
  BoundedQueue<RowPlan>& plans_;
};

// Blends, classifies and writes. The caller's thread.
class Finisher {
 public:
  Finisher(const PipelineOptions& options, const TileAxis& rows,
           const TileAxis& columns, int channels, RowSink& classes,
           RowSink* probabilities, PipelineReport& report)
      : options_(options),
        rows_(rows),
        columns_(columns),
        channels_(channels),
        classes_(classes),
        probabilities_(probabilities),
        report_(report),
        stitcher_(rows, columns, channels),
        class_rows_(static_cast<size_t>(rows.tile()) *
                    static_cast<size_t>(columns.length())) {
    if (probabilities_ != nullptr) {
      probability_rows_.resize(static_cast<size_t>(channels) *
                               class_rows_.size());
    }
    const double p = std::clamp(options.threshold, 0.0, 1.0);
    threshold_ = static_cast<float>(
        options.outputs_are_probabilities ? p : std::log(p / (1 - p)));
  }

  void Add(int row, int column, const float* prediction) {
    stitcher_.Add(row, column, prediction);
    const int tile = columns_.tile();
    const int across = columns_.Final(column);
    const auto width = static_cast<size_t>(columns_.length());
    const auto x = static_cast<size_t>(columns_.Begin(column));
    const size_t plane = stitcher_.plane_stride();
    const int down = rows_.Final(row);
    for (int y = 0; y < down; ++y) {
      float* values = stitcher_.block() +
                      static_cast<size_t>(y) * static_cast<size_t>(tile);
      uint8_t* out = class_rows_.data() + static_cast<size_t>(y) * width + x;
      if (channels_ == 1) {
        ThresholdRow(values, across, threshold_, options_.class_values[0],
                     options_.class_values[1], out);
      } else {
        ArgmaxRow(values, plane, channels_, across,
                  options_.class_values.data(), out);
      }
      if (probabilities_ == nullptr) continue;
      if (!options_.outputs_are_probabilities) {
        ProbabilityRow(values, plane, channels_, across);
      }
      for (int c = 0; c < channels_; ++c) {
        std::memcpy(probability_rows_.data() +
                        (static_cast<size_t>(c) * static_cast<size_t>(down) +
                         static_cast<size_t>(y)) *
                            width +
                        x,
                    values + static_cast<size_t>(c) * plane,
                    static_cast<size_t>(across) * sizeof(float));
      }
    }
  }

  absl::Status WriteRow(int row, const std::vector<uint8_t>& valid) {
    const int down = rows_.Final(row);
    const size_t count = valid.size();
    for (size_t i = 0; i < count; ++i) {
      class_rows_[i] = valid[i] ? class_rows_[i] : options_.nodata;
      ++report_.class_pixels[class_rows_[i]];
      report_.valid_pixels += valid[i] != 0;
    }
    PB_RETURN_IF_ERROR(
        classes_.Write(rows_.Begin(row), down, class_rows_.data()));
    if (probabilities_ == nullptr) return absl::OkStatus();
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    for (int c = 0; c < channels_; ++c) {
      float* plane = probability_rows_.data() + static_cast<size_t>(c) * count;
      for (size_t i = 0; i < count; ++i) plane[i] = valid[i] ? plane[i] : kNan;
    }
    return probabilities_->Write(rows_.Begin(row), down,
                                 probability_rows_.data());
  }

 private:
  const PipelineOptions& options_;
  const TileAxis rows_, columns_;
  const int channels_;
  RowSink& classes_;
  RowSink* const probabilities_;
  PipelineReport& report_;
  Stitcher stitcher_;
  std::vector<uint8_t> class_rows_;      // [rows][width]
  std::vector<float> probability_rows_;  // [channel][rows][width]
  float threshold_ = 0;
};

// Takes predictions as they come, row of tiles by row of tiles. OK also when
// the tiler has failed: its own status tells.
absl::Status Finish(
    const TileAxis& rows, const TileAxis& columns, BoundedQueue<RowPlan>& plans,
    TileSession& session, Finisher& finisher,
    const std::function<void(const PipelineProgress&)>& progress,
    const CancelToken& cancel, PipelineReport& report) {
  int64_t done = 0;
  for (int row = 0; row < rows.count(); ++row) {
    const std::optional<RowPlan> plan = plans.Pop();
    if (!plan) return absl::OkStatus();
    for (int column = 0; column < columns.count(); ++column) {
      PB_RETURN_IF_ERROR(cancel.status());
      std::unique_ptr<TilePrediction> prediction;
      if (plan->run[static_cast<size_t>(column)]) {
        PB_ASSIGN_OR_RETURN(prediction, session.Next());
        if (prediction == nullptr) {
          return absl::InternalError("a prediction is missing");
        }
        ++report.tiles_run;
      } else {
        ++report.tiles_skipped;
      }
      finisher.Add(row, column, prediction ? prediction->values() : nullptr);
      if (progress) progress({++done, report.tiles_planned});
    }
    PB_RETURN_IF_ERROR(finisher.WriteRow(row, plan->valid));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PipelineReport> RunPipeline(
    const PipelineOptions& options, StripSource& source, TileSession& session,
    RowSink& classes, RowSink* probabilities,
    const std::function<void(const PipelineProgress&)>& progress,
    const CancelToken& cancel) {
  const absl::Time start = absl::Now();
  const TileShape& shape = session.shape();
  PB_RETURN_IF_ERROR(CheckOptions(options, source, shape));
  std::vector<ChannelKernel> kernels;
  for (size_t c = 0; c < options.channels.size(); ++c) {
    auto kernel = CompileRecipe(options.channels[c]);
    if (!kernel.ok()) {
      return Annotate(kernel.status(), absl::StrCat("channel ", c));
    }
    kernels.push_back(*std::move(kernel));
  }
  const TileAxis rows(source.height(), shape.size, options.overlap);
  const TileAxis columns(source.width(), shape.size, options.overlap);
  StripRing ring(source, shape.size);
  BoundedQueue<RowPlan> plans(1);
  PipelineReport report;
  report.tiles_planned = int64_t{rows.count()} * columns.count();

  Finisher finisher(options, rows, columns, shape.output_channels, classes,
                    probabilities, report);
  // A dismissal must not wait for the next tile.
  const CancelCallback on_cancel(cancel, [&] {
    session.Abort(cancel.status());
    plans.Close();
    ring.Close();
  });

  absl::Status reader_status, tiler_status;
  std::thread reader([&] { reader_status = ring.ReadAll(); });
  std::thread tiler([&] {
    Tiler work(rows, columns, source.type(), std::move(kernels), ring, session,
               plans);
    tiler_status = Guarded([&] { return work.Run(); });
    plans.Close();
    // Whoever waits for predictions must learn that none will come.
    if (!tiler_status.ok()) session.Abort(tiler_status);
  });
  const absl::Status status = Guarded([&] {
    return Finish(rows, columns, plans, session, finisher, progress, cancel,
                  report);
  });
  if (!status.ok()) session.Abort(status);
  plans.Close();
  ring.Close();
  tiler.join();
  reader.join();
  // The first cause: a failed read stops the tiler, which stops us.
  PB_RETURN_IF_ERROR(reader_status);
  PB_RETURN_IF_ERROR(cancel.status());
  PB_RETURN_IF_ERROR(status);
  PB_RETURN_IF_ERROR(tiler_status);

  for (const RowStatistics& s : ring.statistics()) {
    report.input.push_back(
        {s.minimum, s.maximum,
         s.count > 0 ? s.sum / static_cast<double>(s.count) : 0, s.count});
  }
  report.elapsed = absl::Now() - start;
  return report;
}

}  // namespace pushbroom
