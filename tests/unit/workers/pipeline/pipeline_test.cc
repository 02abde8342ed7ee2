#include "workers/pipeline/pipeline.h"

#include <cstring>
#include <functional>
#include <new>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "tests/support/puppet_session.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::pushbroom::testing::PuppetSession;

// A scene whose pixel (band, y, x) is a function.
class FunctionSource final : public StripSource {
 public:
  using Pixel = std::function<uint16_t(int band, int64_t y, int64_t x)>;
  using Valid = std::function<bool(int64_t y, int64_t x)>;
  FunctionSource(
      int64_t width, int64_t height, int bands, Pixel pixel,
      Valid valid = [](int64_t, int64_t) { return true; })
      : width_(width),
        height_(height),
        bands_(bands),
        pixel_(std::move(pixel)),
        valid_(std::move(valid)) {}

  int64_t width() const override { return width_; }
  int64_t height() const override { return height_; }
  int bands() const override { return bands_; }
  SampleType type() const override { return SampleType::kUint16; }

  absl::Status Read(int64_t y, int rows, const StripBuffer& out) override {
    if (fail_at_ >= 0 && y + rows > fail_at_) {
      return absl::UnavailableError("the disk is gone");
    }
    for (int r = 0; r < rows; ++r) {
      for (int64_t x = 0; x < width_; ++x) {
        const auto at = static_cast<size_t>(r * width_ + x);
        out.valid[at] = valid_(y + r, x);
        for (int b = 0; b < bands_; ++b) {
          static_cast<uint16_t*>(
              out.samples)[static_cast<size_t>(b) * out.band_stride + at] =
              pixel_(b, y + r, x);
        }
      }
    }
    rows_read_ += rows;
    return absl::OkStatus();
  }

  void FailAt(int64_t row) { fail_at_ = row; }
  int64_t rows_read() const { return rows_read_; }

 private:
  const int64_t width_, height_;
  const int bands_;
  const Pixel pixel_;
  const Valid valid_;
  int64_t fail_at_ = -1;
  int64_t rows_read_ = 0;
};

// Keeps the whole raster.
template <typename T>
class ArraySink final : public RowSink {
 public:
  ArraySink(int64_t width, int64_t height, int bands)
      : width_(width), height_(height), bands_(bands) {
    values.resize(static_cast<size_t>(width * height * bands));
  }
  absl::Status Write(int64_t y, int rows, const void* data) override {
    EXPECT_EQ(y, next_) << "rows come in order and without gaps";
    next_ = y + rows;
    const auto strip = static_cast<size_t>(rows * width_);
    for (int b = 0; b < bands_; ++b) {
      std::memcpy(
          values.data() + static_cast<size_t>((b * height_ + y) * width_),
          static_cast<const T*>(data) + static_cast<size_t>(b) * strip,
          strip * sizeof(T));
    }
    return absl::OkStatus();
  }
  T At(int64_t y, int64_t x, int band = 0) const {
    return values[static_cast<size_t>((band * height_ + y) * width_ + x)];
  }
  bool complete() const { return next_ == height_; }
  std::vector<T> values;

 private:
  const int64_t width_, height_;
  const int bands_;
  int64_t next_ = 0;
};

uint16_t Noise(int band, int64_t y, int64_t x) {
  uint64_t h = static_cast<uint64_t>(band) * 1000003u +
               static_cast<uint64_t>(y) * 10007u + static_cast<uint64_t>(x);
  h ^= h >> 13;
  h *= 0x9E3779B97F4A7C15ull;
  return static_cast<uint16_t>(h >> 48);
}

// Per pixel: channel c of the output is channel c of the input.
void Identity(const TileShape& s, const float* in, float* out) {
  std::memcpy(
      out, in,
      static_cast<size_t>(s.channels * s.size * s.size) * sizeof(float));
}

PipelineOptions Options(int bands, int overlap) {
  PipelineOptions options;
  options.channels.resize(static_cast<size_t>(bands));
  options.overlap = overlap;
  for (int c = 0; c < std::max(2, bands); ++c) {
    options.class_values.push_back(static_cast<uint8_t>(c));
  }
  return options;
}

struct SizeCase {
  int64_t width, height;
  int tile, overlap;
};

class PipelineSizeTest : public ::testing::TestWithParam<SizeCase> {};

TEST_P(PipelineSizeTest, APixelwiseModelGivesTheSameAsWithoutTiles) {
  const SizeCase p = GetParam();
  FunctionSource source(p.width, p.height, 3, Noise);
  PuppetSession session({3, p.tile, 3, p.tile}, Identity);
  ArraySink<uint8_t> classes(p.width, p.height, 1);
  auto report = RunPipeline(Options(3, p.overlap), source, session, classes,
                            nullptr, {}, {});
  ASSERT_OK(report);
  ASSERT_TRUE(classes.complete());
  for (int64_t y = 0; y < p.height; ++y) {
    for (int64_t x = 0; x < p.width; ++x) {
      int expected = 0;
      for (int b = 1; b < 3; ++b) {
        if (Noise(b, y, x) > Noise(expected, y, x)) expected = b;
      }
      ASSERT_EQ(classes.At(y, x), expected) << "row " << y << " column " << x;
    }
  }
  EXPECT_EQ(report->tiles_run,
            PlannedTiles(p.width, p.height, p.tile, p.overlap));
  EXPECT_EQ(report->valid_pixels, p.width * p.height);
  EXPECT_EQ(source.rows_read(), p.height) << "every row is read once";
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, PipelineSizeTest,
    ::testing::Values(SizeCase{1, 1, 32, 8}, SizeCase{32, 32, 32, 8},
                      SizeCase{33, 31, 32, 8}, SizeCase{100, 77, 32, 8},
                      SizeCase{77, 300, 32, 16}, SizeCase{200, 130, 32, 0},
                      SizeCase{129, 129, 64, 32}, SizeCase{5, 400, 32, 8},
                      SizeCase{400, 5, 32, 8}));

TEST(PipelineTest, BlendingIsAPartitionOfUnity) {
  // Constant in, constant probabilities out, whatever the overlaps.
  FunctionSource source(150, 150, 2,
                        [](int b, int64_t, int64_t) { return b ? 3 : 1; });
  PuppetSession session({2, 32, 2, 32}, Identity);
  ArraySink<uint8_t> classes(150, 150, 1);
  ArraySink<float> probabilities(150, 150, 2);
  PipelineOptions options = Options(2, 12);
  options.outputs_are_probabilities = true;
  ASSERT_OK(
      RunPipeline(options, source, session, classes, &probabilities, {}, {}));
  for (int64_t y = 0; y < 150; ++y) {
    for (int64_t x = 0; x < 150; ++x) {
      ASSERT_NEAR(probabilities.At(y, x, 0), 1, 1e-6);
      ASSERT_NEAR(probabilities.At(y, x, 1), 3, 1e-5);
    }
  }
}

TEST(PipelineTest, TilesThatDisagreeAreBlendedNotCut) {
  // Every tile predicts its own constant: between two the value rises steadily.
  FunctionSource source(56, 32, 1, Noise);
  int tile = 0;
  PuppetSession session({1, 32, 1, 32},
                        [&](const TileShape& s, const float*, float* out) {
                          std::fill(out, out + s.size * s.size, 1.0f * tile++);
                        });
  ArraySink<uint8_t> classes(56, 32, 1);
  ArraySink<float> probabilities(56, 32, 1);
  PipelineOptions options = Options(1, 8);
  options.outputs_are_probabilities = true;
  ASSERT_OK(
      RunPipeline(options, source, session, classes, &probabilities, {}, {}));
  EXPECT_EQ(probabilities.At(5, 0), 0);
  EXPECT_EQ(probabilities.At(5, 55), 1);
  for (int64_t x = 1; x < 56; ++x) {
    EXPECT_GE(probabilities.At(5, x), probabilities.At(5, x - 1));
  }
  EXPECT_NEAR(probabilities.At(5, 27) + probabilities.At(5, 28), 1, 1e-6);
}

TEST(PipelineTest, InvalidPixelsGetNodataAndEmptyTilesAreSkipped) {
  FunctionSource source(128, 128, 2, Noise, [](int64_t y, int64_t x) {
    return y < 20 && x < 20 && y != 3;
  });
  PuppetSession session({2, 32, 2, 32}, Identity);
  ArraySink<uint8_t> classes(128, 128, 1);
  auto report =
      RunPipeline(Options(2, 8), source, session, classes, nullptr, {}, {});
  ASSERT_OK(report);
  EXPECT_EQ(session.tiles(), 1);
  EXPECT_EQ(report->tiles_skipped, report->tiles_planned - 1);
  EXPECT_EQ(report->valid_pixels, 19 * 20);
  EXPECT_EQ(classes.At(3, 5), 255);
  EXPECT_NE(classes.At(4, 5), 255);
  EXPECT_EQ(classes.At(100, 100), 255);
  EXPECT_EQ(report->class_pixels[255], 128 * 128 - 19 * 20);
  EXPECT_EQ(report->input[0].count, 19 * 20);
}

TEST(PipelineTest, OneChannelIsComparedWithTheThreshold) {
  FunctionSource source(4, 1, 1, [](int, int64_t, int64_t x) {
    return static_cast<uint16_t>(x);  // logits 0, 1, 2, 3
  });
  PuppetSession session({1, 32, 1, 32}, Identity);
  ArraySink<uint8_t> classes(4, 1, 1);
  PipelineOptions options = Options(1, 8);
  options.class_values = {7, 9};
  options.threshold = 0.8;  // of the probability: logit 1.386
  ASSERT_OK(RunPipeline(options, source, session, classes, nullptr, {}, {}));
  EXPECT_THAT(classes.values, ::testing::ElementsAre(7, 7, 9, 9));
}

TEST(PipelineTest, AFailedReadIsTheErrorOfTheJob) {
  FunctionSource source(64, 2000, 1, Noise);
  source.FailAt(1000);
  PuppetSession session({1, 32, 1, 32}, Identity);
  ArraySink<uint8_t> classes(64, 2000, 1);
  EXPECT_STATUS(
      RunPipeline(Options(1, 8), source, session, classes, nullptr, {}, {}),
      absl::StatusCode::kUnavailable, "the disk is gone");
}

TEST(PipelineTest, AFailedSessionIsTheErrorOfTheJob) {
  FunctionSource source(64, 2000, 1, Noise);
  PuppetSession* handle = nullptr;
  int tiles = 0;
  PuppetSession session({1, 32, 1, 32},
                        [&](const TileShape&, const float*, float*) {
                          if (++tiles == 5) {
                            handle->Abort(absl::InternalError("model broke"));
                          }
                        });
  handle = &session;
  ArraySink<uint8_t> classes(64, 2000, 1);
  EXPECT_STATUS(
      RunPipeline(Options(1, 8), source, session, classes, nullptr, {}, {}),
      absl::StatusCode::kInternal, "model broke");
}

TEST(PipelineTest, StopsWithTheReasonOfItsToken) {
  FunctionSource source(64, 20000, 1, Noise);
  PuppetSession session({1, 32, 1, 32}, Identity);
  ArraySink<uint8_t> classes(64, 20000, 1);
  CancelToken cancel;
  auto report = RunPipeline(
      Options(1, 8), source, session, classes, nullptr,
      [&](const PipelineProgress& p) {
        if (p.tiles_done == 10) cancel.Cancel(absl::CancelledError("enough"));
      },
      cancel);
  EXPECT_STATUS(report, absl::StatusCode::kCancelled, "enough");
  EXPECT_FALSE(classes.complete());
}

TEST(PipelineTest, ADismissalDoesNotWaitForTheNextTile) {
  FunctionSource source(64, 64, 1, Noise);
  CancelToken cancel;
  // The model never answers: only the dismissal ends this.
  class Silent final : public TileSession {
   public:
    explicit Silent(CancelToken token) : token_(std::move(token)) {}
    const TileShape& shape() const override { return shape_; }
    absl::StatusOr<TilePlace> Acquire() override {
      token_.Cancel(absl::CancelledError("dismissed"));
      return TilePlace{values_.data(), nullptr};
    }
    void Submit(TilePlace) override {}
    void Finish() override {}
    absl::StatusOr<std::unique_ptr<TilePrediction>> Next() override {
      aborted_.WaitForNotification();
      return absl::CancelledError("aborted");
    }
    void Abort(absl::Status) override {
      if (!aborted_.HasBeenNotified()) aborted_.Notify();
    }

   private:
    const TileShape shape_{1, 64, 1, 64};
    CancelToken token_;
    std::vector<float> values_ = std::vector<float>(64 * 64);
    absl::Notification aborted_;
  } session(cancel);
  ArraySink<uint8_t> classes(64, 64, 1);
  EXPECT_STATUS(
      RunPipeline(Options(1, 8), source, session, classes, nullptr, {}, cancel),
      absl::StatusCode::kCancelled, "dismissed");
}

TEST(PipelineTest, AnExceptionOfTheSourceIsAnErrorNotAnEnd) {
  FunctionSource source(64, 200, 1, [](int, int64_t, int64_t) -> uint16_t {
    throw std::bad_alloc();
  });
  PuppetSession session({1, 32, 1, 32}, Identity);
  ArraySink<uint8_t> classes(64, 200, 1);
  EXPECT_STATUS(
      RunPipeline(Options(1, 8), source, session, classes, nullptr, {}, {}),
      absl::StatusCode::kResourceExhausted, "out of memory");
}

TEST(PipelineTest, ProgressIsMonotonicAndEndsAtThePlan) {
  FunctionSource source(200, 200, 1, Noise);
  PuppetSession session({1, 64, 1, 64}, Identity);
  ArraySink<uint8_t> classes(200, 200, 1);
  int64_t last = 0, planned = 0;
  ASSERT_OK(RunPipeline(Options(1, 16), source, session, classes, nullptr,
                        [&](const PipelineProgress& p) {
                          EXPECT_EQ(p.tiles_done, last + 1);
                          last = p.tiles_done;
                          planned = p.tiles_planned;
                        },
                        {}));
  EXPECT_EQ(last, planned);
}

TEST(PipelineTest, RefusesOptionsThatDoNotFit) {
  FunctionSource source(64, 64, 2, Noise);
  PuppetSession session({2, 32, 2, 32}, Identity);
  ArraySink<uint8_t> classes(64, 64, 1);
  auto run = [&](const PipelineOptions& options) {
    return RunPipeline(options, source, session, classes, nullptr, {}, {});
  };
  EXPECT_STATUS(run(Options(2, 18)), absl::StatusCode::kInvalidArgument,
                "overlap 18");
  EXPECT_STATUS(run(Options(2, 7)), absl::StatusCode::kInvalidArgument,
                "overlap 7");
  EXPECT_STATUS(run(Options(3, 8)), absl::StatusCode::kInvalidArgument,
                "3 recipes");
}

}  // namespace
}  // namespace pushbroom
