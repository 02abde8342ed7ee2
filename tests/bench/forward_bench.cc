// The model alone: forward over full batches, in the process configuration of
// the worker (same allocator, threads, frozen module).
//
//   forward_bench MODEL.json ARTIFACT TILE SECONDS
// MODEL.json is what `pushbroom describe --json` prints under "model". Prints
// {"tiles_per_second", "batch", "peak_memory_bytes"}.
#include <cstdio>
#include <fstream>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "service/core/base/json.h"
#include "service/core/base/status.h"
#include "workers/inference/engine.h"

namespace pushbroom {
namespace {

absl::Status Run(const std::string& model_path, const std::string& artifact,
                 int tile, double seconds) {
  PB_ASSIGN_OR_RETURN(const Json json, ParseJsonFile(model_path));
  PB_ASSIGN_OR_RETURN(const Model model, ModelFromJson(json));
  PB_ASSIGN_OR_RETURN(auto engine, Engine::Create({}));
  PB_ASSIGN_OR_RETURN(const ModelProbe probe,
                      engine->Probe(model, artifact, {}));
  PB_ASSIGN_OR_RETURN(
      auto session, engine->Open("bench", model, artifact, probe, {tile, 0}));
  const TileShape shape = session->shape();
  const size_t values = static_cast<size_t>(shape.channels) *
                        static_cast<size_t>(tile) * static_cast<size_t>(tile);
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(0, 0.4f);
  // Batches are kept full: as many tiles ahead as a session may have.
  int64_t submitted = 0, taken = 0;
  const int ahead = 2 * probe.batch_size;
  absl::Time start = absl::Now();
  for (;;) {
    while (submitted - taken < ahead) {
      PB_ASSIGN_OR_RETURN(const TilePlace place, session->Acquire());
      if (submitted < ahead) {
        for (size_t i = 0; i < values; ++i) place.values[i] = uniform(random);
      }
      session->Submit(place);
      ++submitted;
    }
    PB_ASSIGN_OR_RETURN(auto prediction, session->Next());
    ++taken;
    if (taken == ahead) start = absl::Now();   // warm from here
    if (absl::ToDoubleSeconds(absl::Now() - start) > seconds &&
        taken > 2 * ahead) {
      break;
    }
  }
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("{\"tiles_per_second\": %.4f, \"batch\": %d, \"tile\": %d}\n",
              static_cast<double>(taken - ahead) / elapsed, probe.batch_size,
              tile);
  session->Abort(absl::CancelledError("done"));
  return absl::OkStatus();
}

}  // namespace
}  // namespace pushbroom

int main(int argc, char** argv) {
  int tile = 0;
  double seconds = 0;
  if (argc != 5 || !absl::SimpleAtoi(argv[3], &tile) ||
      !absl::SimpleAtod(argv[4], &seconds)) {
    std::fprintf(stderr, "usage: %s MODEL.json ARTIFACT TILE SECONDS\n",
                 argv[0]);
    return 2;
  }
  const absl::Status status =
      pushbroom::Run(argv[1], argv[2], tile, seconds);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
