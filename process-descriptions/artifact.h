// The model's file: fetched, verified, and looked into without loading it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schemas/model.h"
#include "service/core/base/cancellation.h"
#include "service/core/net/http_client.h"

namespace pushbroom {

enum class ArchiveKind {
  kTorchScript,
  kTorchSave,
  kTorchExport,
  kNotAnArchive
};

/// Looks at the directory of the ZIP archive, whatever metadata claims:
/// <root>/code/ and <root>/constants.pkl → TorchScript; <root>/data.pkl
/// without them → torch.save; .pt2 layouts → torch.export. kNotFound if the
/// file cannot be read.
absl::StatusOr<ArchiveKind> SniffArchive(const std::string& path);

/// OK if SniffArchive says TorchScript, else kUnimplemented with what it is
/// and what would be needed.
absl::Status CheckTorchScript(const std::string& path);

struct ArtifactStore {
  std::string directory;  // verified copies: <sha256>.pt
  int64_t max_bytes = 0;
  bool require_checksum = false;
};

/// Fetches model.artifact.href (local path or, through `client`, a URL) unless
/// a verified copy is there, compares size and SHA-256 with the item's, and
/// sets model.artifact.sha256 and size_bytes. Gives the path of the copy,
/// which is read-only. kFailedPrecondition on a mismatch, with both values.
absl::StatusOr<std::string> FetchArtifact(Model& model,
                                          const ArtifactStore& store,
                                          HttpClient& client,
                                          const CancelToken& cancel);

}  // namespace pushbroom
