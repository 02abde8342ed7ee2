#include "workers/inputs/scene_resolver.h"
#include "workers/job_runner.h"

namespace pushbroom {

RunnerSeams RealSeams(SceneResolver& resolver) {
  RunnerSeams seams;
  seams.open = &SceneReader::Open;
  seams.create = &RasterWriter::Create;
  seams.resolve = [&resolver](const ModelInput& input,
                              const std::vector<SceneReference>& references,
                              const ExecuteRequest& request,
                              const CancelToken& cancel) {
    return resolver.Resolve(input, references, request, cancel);
  };
  return seams;
}

}  // namespace pushbroom
