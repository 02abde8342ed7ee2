#include "workers/inference/engine.h"

#include <cstring>
#include <fstream>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"

namespace pushbroom {
namespace {

using ::pushbroom::testing::SourcePath;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;

Model ModelWith(int bands, int classes) {
  Model model;
  ModelInput in;
  in.name = "image";
  in.bands.resize(static_cast<size_t>(bands));
  in.shape = {-1, bands, -1, -1};
  in.dims = {"batch", "bands", "height", "width"};
  model.inputs.push_back(in);
  ModelOutput out;
  out.shape = {-1, classes, -1, -1};
  out.dims = {"batch", "class", "height", "width"};
  out.classes.resize(static_cast<size_t>(classes));
  for (int c = 0; c < classes; ++c) {
    out.classes[static_cast<size_t>(c)].value = c;
    out.channel_to_class.push_back(c);
  }
  model.outputs.push_back(out);
  return model;
}

std::string CloudMask() {
  return SourcePath(
      "process-descriptions/examples/cloud-mask/cloud_unet_6band.pt");
}

std::unique_ptr<Engine> NewEngine(EngineOptions options = {}) {
  options.device = "cpu";
  auto engine = Engine::Create(options);
  EXPECT_OK(engine);
  return *std::move(engine);
}

TEST(EngineTest, ProbeFindsWhatTheItemDoesNotSay) {
  auto engine = NewEngine();
  auto probe = engine->Probe(ModelWith(6, 3), CloudMask(), {});
  ASSERT_OK(probe);
  EXPECT_TRUE(probe->runnable);
  EXPECT_EQ(probe->size_multiple, 8);
  EXPECT_EQ(probe->output_channels, 3);
  EXPECT_EQ(probe->output_scale, 1);
  EXPECT_EQ(probe->activation, "logits");
  EXPECT_THAT(probe->tile_sizes, ElementsAre(64, 128, 256, 512));
  EXPECT_EQ(probe->batch_size, 2) << "512 pixels: as many as 8 tiles of 256";
  EXPECT_GT(probe->seconds_per_tile, 0);
}

TEST(EngineTest, AContradictionIsADiagnosticNotAnError) {
  auto engine = NewEngine();
  auto channels = engine->Probe(ModelWith(6, 4), CloudMask(), {});
  ASSERT_OK(channels);
  EXPECT_FALSE(channels->runnable);
  EXPECT_THAT(channels->diagnostics,
              Contains(Field(&Diagnostic::code, "output-channels")));
  auto bands = engine->Probe(ModelWith(5, 3), CloudMask(), {});
  ASSERT_OK(bands);
  EXPECT_FALSE(bands->runnable);
  EXPECT_THAT(bands->diagnostics,
              Contains(Field(&Diagnostic::code, "forward-failed")));
}

TEST(EngineTest, AnArtifactThatDoesNotLoadIsADiagnostic) {
  const std::string path = ::testing::TempDir() + "/broken.pt";
  std::ofstream(path) << "this is no archive";
  auto probe = NewEngine()->Probe(ModelWith(6, 3), path, {});
  ASSERT_OK(probe);
  EXPECT_FALSE(probe->runnable);
  EXPECT_THAT(probe->diagnostics,
              Contains(Field(&Diagnostic::code, "artifact-not-loadable")));
}

TEST(EngineTest, SessionsOfOneModelGiveWhatTheModelGives) {
  auto engine = NewEngine();
  const Model model = ModelWith(6, 3);
  auto probe = engine->Probe(model, CloudMask(), {});
  ASSERT_OK(probe);
  auto run = [&](float value, int tiles) {
    auto session = engine->Open("digest", model, CloudMask(), *probe, {64, 0});
    EXPECT_OK(session);
    const TileShape shape = (*session)->shape();
    EXPECT_EQ(shape.channels, 6);
    EXPECT_EQ(shape.output_channels, 3);
    std::vector<float> first;
    for (int i = 0; i < tiles; ++i) {
      auto place = (*session)->Acquire();
      EXPECT_OK(place);
      std::fill(place->values, place->values + 6 * 64 * 64, value);
      (*session)->Submit(*place);
    }
    (*session)->Finish();
    for (int i = 0; i < tiles; ++i) {
      auto next = (*session)->Next();
      EXPECT_OK(next);
      const float* values = (*next)->values();
      if (i == 0) first.assign(values, values + 3 * 64 * 64);
      // A tile's prediction does not depend on its neighbours in the batch.
      for (size_t k = 0; k < first.size(); ++k) {
        EXPECT_NEAR(values[k], first[k], 1e-4);
        if (std::abs(values[k] - first[k]) > 1e-4) return first;
      }
    }
    return first;
  };
  const auto dark = run(0.02f, 11);
  EXPECT_NE(dark, run(0.8f, 3));
  EXPECT_EQ(dark.size(), run(0.02f, 1).size());
}

TEST(EngineTest, RefusesATileSizeItWasNotProbedWith) {
  auto engine = NewEngine();
  const Model model = ModelWith(6, 3);
  auto probe = engine->Probe(model, CloudMask(), {});
  ASSERT_OK(probe);
  EXPECT_STATUS(engine->Open("d", model, CloudMask(), *probe, {100, 0}),
                absl::StatusCode::kInvalidArgument, "tile size 100");
}

TEST(EngineTest, RefusesDevicesThatAreNotHere) {
  EngineOptions options;
  options.device = "tpu";
  EXPECT_FALSE(Engine::Create(options).ok());
}

}  // namespace
}  // namespace pushbroom
