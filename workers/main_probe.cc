#include "workers/main_probe.h"

#include <iostream>
#include <iterator>
#include <string>

#include "schemas/model.h"
#include "schemas/model_probe.h"
#include "service/core/base/status.h"
#include "workers/main_config.h"
#include "workers/worker_app.h"

namespace pushbroom {
namespace {

struct Question {
  Model model;
  std::string artifact_path;
};

absl::StatusOr<Question> ReadQuestion(std::istream& in) {
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  PB_ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  const Json* model = Find(json, "model");
  Question question;
  question.artifact_path = StringOr(json, "artifact_path");
  if (model == nullptr || question.artifact_path.empty()) {
    return absl::InvalidArgumentError(
        "expected {\"model\": …, \"artifact_path\": …}");
  }
  PB_ASSIGN_OR_RETURN(question.model, ModelFromJson(*model));
  return question;
}

absl::StatusOr<ModelProbe> Ask(const Question& question) {
  PB_ASSIGN_OR_RETURN(const Config config,
                      LoadConfig("", ProcessEnvironment(), {}));
  InitWorkerLogging(config);
  PB_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                      Engine::Create(EngineOptionsFor(config)));
  return engine->Probe(question.model, question.artifact_path, CancelToken());
}

}  // namespace

int Probe() {
  const auto question = ReadQuestion(std::cin);
  if (!question.ok()) {
    std::cerr << "standard input: " << question.status().message() << "\n";
    return 2;
  }
  const auto probe = Ask(*question);
  if (!probe.ok()) {
    std::cerr << probe.status().message() << "\n";
    return 1;
  }
  std::cout << DumpJson(ToJson(*probe), 2) << std::endl;
  return 0;
}

}  // namespace pushbroom
