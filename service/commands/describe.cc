#include "service/commands/describe.h"

#include <sys/wait.h>

#include <filesystem>
#include <ostream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "process-descriptions/artifact.h"
#include "process-descriptions/describe.h"
#include "process-descriptions/reader.h"
#include "schemas/model_probe.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/net/http_client.h"
#include "service/supervisor/subprocess.h"

namespace pushbroom {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Minutes(10);
constexpr size_t kMaxProbeBytes = size_t{4} << 20;

absl::StatusOr<ModelProbe> AskWorker(const std::string& binary,
                                     const Model& model,
                                     const std::string& artifact_path) {
  const Json question = {{"model", ToJson(model)},
                         {"artifact_path", artifact_path}};
  PB_ASSIGN_OR_RETURN(
      const CommandResult result,
      RunCommand({binary, "probe", "--json"}, DumpJson(question), kProbeTimeout,
                 kMaxProbeBytes));
  if (!WIFEXITED(result.wait_status) || WEXITSTATUS(result.wait_status) != 0) {
    return absl::UnavailableError(absl::StrCat(
        "the worker that tried the model ", DescribeExit(result.wait_status)));
  }
  PB_ASSIGN_OR_RETURN(const Json json, ParseJson(result.output));
  return ModelProbeFromJson(json);
}

void Add(Model& model, Severity level, const char* code,
         absl::string_view text) {
  model.diagnostics.push_back({level, code, "", std::string(text)});
}

// Everything that registration does, in the same order.
absl::Status Examine(Model& model, const Config& config) {
  for (Diagnostic& found : CheckRunnable(model)) {
    model.diagnostics.push_back(std::move(found));
  }
  if (model.artifact.href.empty()) return absl::OkStatus();
  PB_ASSIGN_OR_RETURN(const UrlPolicy policy,
                      UrlPolicy::Create(config.inputs.urls));
  HttpClient client(policy);
  PB_ASSIGN_OR_RETURN(
      const ScratchDirectory scratch,
      ScratchDirectory::Create(std::filesystem::temp_directory_path().string(),
                               "pushbroom-describe"));
  ArtifactStore store;
  store.directory = scratch.path();
  store.max_bytes = config.models.max_artifact_bytes;
  store.require_checksum = config.models.require_checksum;
  const auto path = FetchArtifact(model, store, client, CancelToken());
  if (!path.ok()) {
    Add(model, Severity::kError, "artifact-unavailable",
        path.status().message());
    return absl::OkStatus();
  }
  if (const absl::Status kind = CheckTorchScript(*path); !kind.ok()) {
    Add(model, Severity::kError, "artifact-not-torchscript", kind.message());
  }
  if (HasErrors(model.diagnostics)) return absl::OkStatus();
  const auto binary = FindWorkerBinary();
  if (!binary.ok()) {
    Add(model, Severity::kWarning, "not-probed",
        absl::StrCat("whether the artifact runs is not known: ",
                     binary.status().message()));
    return absl::OkStatus();
  }
  const auto probe = AskWorker(*binary, model, *path);
  if (!probe.ok()) {
    Add(model, Severity::kError, "probe-failed", probe.status().message());
    return absl::OkStatus();
  }
  for (const Diagnostic& found : probe->diagnostics) {
    model.diagnostics.push_back(found);
  }
  if (!probe->runnable && !HasErrors(probe->diagnostics)) {
    Add(model, Severity::kError, "probe-failed", "the model did not run");
  }
  return absl::OkStatus();
}

std::string ShapeOf(const std::vector<int64_t>& shape, const Dimensions& dims) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < shape.size(); ++i) {
    const std::string name = i < dims.size() ? dims[i] : "?";
    parts.push_back(
        absl::StrCat(name, " ", shape[i] < 0 ? "any" : absl::StrCat(shape[i])));
  }
  return absl::StrJoin(parts, ", ");
}

const char* LevelName(Severity level) {
  switch (level) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "";
}

void PrintText(const Model& model, const ProcessDescription& description,
               std::ostream& out) {
  out << model.id << ": " << model.title << "\n";
  if (!model.description.empty()) out << "  " << model.description << "\n";
  out << "\nmodel\n  dialect       " << model.dialect.family << " "
      << model.dialect.version << "\n  architecture  " << model.architecture
      << "\n  tasks         " << absl::StrJoin(model.tasks, ", ")
      << "\n  artifact      " << model.artifact.href;
  if (model.artifact.size_bytes) {
    out << " (" << *model.artifact.size_bytes << " bytes)";
  }
  out << "\n";
  for (const ModelInput& input : model.inputs) {
    std::vector<std::string> bands;
    for (const ModelBand& band : input.bands) bands.push_back(band.name);
    out << "  input         " << input.name << ": "
        << ShapeOf(input.shape, input.dims) << "; " << NameOf(input.dtype)
        << "\n                bands " << absl::StrJoin(bands, ", ") << "\n";
  }
  for (const ModelOutput& output : model.outputs) {
    std::vector<std::string> classes;
    for (const ModelClass& c : output.classes) classes.push_back(c.name);
    out << "  output        " << output.name << ": "
        << ShapeOf(output.shape, output.dims) << "\n";
    if (!classes.empty()) {
      out << "                classes " << absl::StrJoin(classes, ", ") << "\n";
    }
  }
  out << "\nprocess\n";
  for (const char* part : {"inputs", "outputs"}) {
    const Json* members = Find(description.process, part);
    if (!members) continue;
    for (const auto& [id, member] : members->items()) {
      const bool required =
          part[0] == 'i' && member.value("minOccurs", Json(1)) != Json(0);
      out << "  " << (part[0] == 'i' ? "input   " : "output  ") << id
          << (required ? " (required)" : "") << ": "
          << StringOr(member, "title") << "\n";
    }
  }
  out << "\ndiagnostics\n";
  if (model.diagnostics.empty()) out << "  none\n";
  for (const Diagnostic& found : model.diagnostics) {
    out << "  " << LevelName(found.level) << " " << found.code;
    if (!found.pointer.empty()) out << " at " << found.pointer;
    out << ": " << found.text << "\n";
  }
}

}  // namespace

int DescribeItem(const std::string& item, bool json, const Config& config,
                 std::ostream& out, std::ostream& err) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(item, error);
  auto model = ReadModelFile(error ? item : absolute.string());
  if (!model.ok()) {
    if (json) {
      Diagnostics refused;
      refused.Error("refused", PointerOf(model.status()),
                    std::string(model.status().message()));
      out << DumpJson({{"model", nullptr},
                       {"diagnostics", ToJson(refused.list())},
                       {"process", nullptr}},
                      2)
          << std::endl;
    } else {
      err << item << " is refused: " << model.status().message() << std::endl;
    }
    return kRefused;
  }
  if (const absl::Status examined = Examine(*model, config); !examined.ok()) {
    Add(*model, Severity::kError, "not-examined", examined.message());
  }
  DescribeOptions options;
  options.overlap = config.workers.overlap;
  options.max_batch_size = config.workers.max_batch;
  options.collection = config.publish.collection;
  const ProcessDescription description = Describe(*model, options);
  if (json) {
    Json normalised = ToJson(*model);
    normalised.erase("diagnostics");  // printed beside it
    out << DumpJson({{"model", std::move(normalised)},
                     {"diagnostics", ToJson(model->diagnostics)},
                     {"process", description.process}},
                    2)
        << std::endl;
  } else {
    PrintText(*model, description, out);
    out.flush();
  }
  return HasErrors(model->diagnostics) ? kDescribedNotRunnable
                                       : kDescribedAndRunnable;
}

}  // namespace pushbroom
