#include "process-descriptions/artifact.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

// A TorchScript archive has a few hundred entries; the largest models have
// one for each of some thousand tensors.
constexpr int64_t kMaxEntries = 200'000;

struct ZipCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};

// What was seen below one first path component.
struct Root {
  bool code = false;       // code/…
  bool constants = false;  // constants.pkl
  bool data = false;       // data.pkl
  bool format = false;     // archive_format
  bool models = false;     // models/…json
};

// The layouts that torch.export has written directly into the root.
bool IsExportedProgram(absl::string_view name) {
  return absl::StartsWith(name, "serialized_exported_program");
}

absl::Status CheckEntryName(absl::string_view name, const std::string& path) {
  bool outside = absl::StartsWith(name, "/") || absl::StrContains(name, '\\');
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    outside = outside || part == "..";
  }
  if (!outside) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the archive ", path, " names an entry outside itself: \"", name, "\""));
}

std::string FirstBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 8> bytes{};
  in.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<size_t>(in.gcount())};
}

// What a file that is no archive looks like, for the model's owner.
std::string WhatItLooksLike(const std::string& path) {
  const std::string head = FirstBytes(path);
  if (head.empty()) return "the file is empty";
  if (absl::StartsWith(head, "PK\x03\x04")) {
    return "it begins as a ZIP archive, but has no layout of PyTorch that is "
           "known, or its directory cannot be read: truncated or corrupt";
  }
  if (head[0] == '\x80') {
    return "it is a Python pickle (torch.save of PyTorch before 1.6)";
  }
  if (absl::StartsWith(head, "\x89HDF")) return "it is an HDF5 file (Keras)";
  if (head[0] == '<') return "it begins like HTML or XML";
  return "it begins as no format that is known";
}

absl::StatusOr<int64_t> RegularFileSize(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::NotFoundError(absl::StrCat(path, " is no regular file"));
  }
  return int64_t{info.st_size};
}

// file:///a%20b → /a b
absl::StatusOr<std::string> LocalPathOf(const std::string& href) {
  if (absl::StartsWith(href, "/")) return href;
  absl::string_view rest = href;
  rest.remove_prefix(absl::string_view("file:").size());
  absl::ConsumePrefix(&rest, "//");
  absl::ConsumePrefix(&rest, "localhost");
  if (!absl::StartsWith(rest, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", href, "\" names a file on another host"));
  }
  std::string path;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '%' && i + 2 < rest.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(rest[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(rest[i + 2]))) {
      path += static_cast<char>(
          std::stoi(std::string(rest.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      path += rest[i];
    }
  }
  return path;
}

absl::Status CopyFile(const std::string& from, const std::string& to,
                      int64_t max_bytes, const CancelToken& cancel) {
  PB_ASSIGN_OR_RETURN(const int64_t size, RegularFileSize(from));
  if (size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(from, " has ", size, " bytes, the limit is ", max_bytes));
  }
  std::ifstream in(from, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", from));
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::vector<char> buffer(1 << 20);
  int64_t copied = 0;
  while (in && out) {
    PB_RETURN_IF_ERROR(cancel.status());
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    copied += in.gcount();
    if (copied > max_bytes) {  // it grew while we read
      return absl::ResourceExhaustedError(absl::StrCat(
          from, " has more than ", max_bytes, " bytes, the limit"));
    }
    out.write(buffer.data(), in.gcount());
  }
  out.flush();
  if (!out) return absl::UnavailableError(absl::StrCat("cannot write ", to));
  if (in.bad()) return absl::NotFoundError(absl::StrCat("cannot read ", from));
  return absl::OkStatus();
}

// Removes a file unless somebody keeps it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

absl::Status CheckSize(const ModelArtifact& artifact, int64_t size) {
  if (!artifact.size_bytes || *artifact.size_bytes == size) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      artifact.href, " has ", size, " bytes, but file:size of the item says ",
      *artifact.size_bytes));
}

absl::Status CheckDigest(const ModelArtifact& artifact,
                         const std::string& sha256) {
  if (artifact.sha256.empty() ||
      absl::EqualsIgnoreCase(artifact.sha256, sha256)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(artifact.href, " has the SHA-256 ", sha256,
                   ", but file:checksum of the item says ", artifact.sha256));
}

// Durable and read-only before its final name exists.
absl::Status Keep(const TemporaryFile& file, const std::string& path) {
  const int fd = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = fd >= 0 && ::fchmod(fd, 0444) == 0 && ::fsync(fd) == 0 &&
                    ::rename(file.path().c_str(), path.c_str()) == 0;
  const int cause = errno;
  if (fd >= 0) ::close(fd);
  if (kept) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", std::strerror(cause)));
}

}  // namespace

absl::StatusOr<ArchiveKind> SniffArchive(const std::string& path) {
  PB_RETURN_IF_ERROR(RegularFileSize(path).status());
  if (::access(path.c_str(), R_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  int error = 0;
  const std::unique_ptr<zip_t, ZipCloser> archive(
      zip_open(path.c_str(), ZIP_RDONLY, &error));
  if (!archive) return ArchiveKind::kNotAnArchive;
  // Only the directory is read: what entries would unpack to does not matter.
  const int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > kMaxEntries) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the archive ", path, " has ", count,
                     " entries, the limit is ", kMaxEntries));
  }
  std::map<std::string, Root, std::less<>> roots;
  bool exported = false;
  for (int64_t i = 0; i < count; ++i) {
    const char* raw = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i),
                                   ZIP_FL_ENC_RAW);
    if (!raw) return ArchiveKind::kNotAnArchive;
    const absl::string_view name = raw;
    PB_RETURN_IF_ERROR(CheckEntryName(name, path));
    exported = exported || IsExportedProgram(name);
    const size_t slash = name.find('/');
    if (slash == absl::string_view::npos) continue;
    auto root = roots.find(name.substr(0, slash));
    if (root == roots.end()) {
      root = roots.emplace(std::string(name.substr(0, slash)), Root{}).first;
    }
    const absl::string_view rest = name.substr(slash + 1);
    Root& seen = root->second;
    if (absl::StartsWith(rest, "code/")) seen.code = true;
    if (rest == "constants.pkl") seen.constants = true;
    if (rest == "data.pkl") seen.data = true;
    if (rest == "archive_format") seen.format = true;
    if (absl::StartsWith(rest, "models/") && absl::EndsWith(rest, ".json")) {
      seen.models = true;
    }
    exported = exported || IsExportedProgram(rest);
  }
  for (const auto& [name, seen] : roots) {
    if (seen.code && seen.constants) return ArchiveKind::kTorchScript;
  }
  for (const auto& [name, seen] : roots) {
    if (seen.format || seen.models) exported = true;
  }
  if (exported) return ArchiveKind::kTorchExport;
  for (const auto& [name, seen] : roots) {
    if (seen.data) return ArchiveKind::kTorchSave;
  }
  return ArchiveKind::kNotAnArchive;
}

absl::Status CheckTorchScript(const std::string& path) {
  PB_ASSIGN_OR_RETURN(const ArchiveKind kind, SniffArchive(path));
  constexpr char kNeeded[] =
      "; a TorchScript archive is needed (torch.jit.trace or torch.jit.script, "
      "then torch.jit.save)";
  switch (kind) {
    case ArchiveKind::kTorchScript:
      return absl::OkStatus();
    case ArchiveKind::kTorchSave:
      return absl::UnimplementedError(absl::StrCat(
          "the artifact was written by torch.save: it holds weights or a "
          "pickled object that only Python can load",
          kNeeded));
    case ArchiveKind::kTorchExport:
      return absl::UnimplementedError(absl::StrCat(
          "the artifact was written by torch.export (.pt2), which this "
          "runtime does not load",
          kNeeded));
    case ArchiveKind::kNotAnArchive:
      return absl::UnimplementedError(absl::StrCat(
          "the artifact is no PyTorch archive: ", WhatItLooksLike(path),
          kNeeded));
  }
  return absl::InternalError("unknown kind of archive");
}

absl::StatusOr<std::string> FetchArtifact(Model& model,
                                          const ArtifactStore& store,
                                          HttpClient& client,
                                          const CancelToken& cancel) {
  ModelArtifact& artifact = model.artifact;
  if (artifact.href.empty()) {
    return absl::NotFoundError("the item names no model artifact");
  }
  if (store.require_checksum && artifact.sha256.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "asset \"", artifact.asset_key,
        "\" has no file:checksum, and models.require_checksum is set"));
  }
  if (artifact.size_bytes && *artifact.size_bytes > store.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("file:size of ", artifact.href, " is ",
                     *artifact.size_bytes, ", the limit is ", store.max_bytes));
  }
  PB_RETURN_IF_ERROR(cancel.status());
  PB_RETURN_IF_ERROR(MakeDirectories(store.directory));
  const auto path_of = [&](const std::string& sha256) {
    return absl::StrCat(store.directory, "/", sha256, ".pt");
  };
  if (!artifact.sha256.empty()) {
    artifact.sha256 = absl::AsciiStrToLower(artifact.sha256);
    // A copy is believed for its content, not for its name.
    const std::string path = path_of(artifact.sha256);
    const auto size = RegularFileSize(path);
    const auto sha256 = Sha256File(path);
    if (size.ok() && sha256.ok() && *sha256 == artifact.sha256) {
      PB_RETURN_IF_ERROR(CheckSize(artifact, *size));
      artifact.size_bytes = *size;
      return path;
    }
  }
  const TemporaryFile file(
      absl::StrCat(store.directory, "/.fetch-", NewUuid()));
  std::string sha256;
  if (absl::StartsWith(artifact.href, "/") ||
      absl::StartsWithIgnoreCase(artifact.href, "file:")) {
    PB_ASSIGN_OR_RETURN(const std::string from, LocalPathOf(artifact.href));
    PB_RETURN_IF_ERROR(CopyFile(from, file.path(), store.max_bytes, cancel));
    PB_ASSIGN_OR_RETURN(sha256, Sha256File(file.path()));
  } else {
    PB_ASSIGN_OR_RETURN(sha256, client.Download(artifact.href, file.path(),
                                                store.max_bytes, cancel));
  }
  PB_ASSIGN_OR_RETURN(const int64_t size, RegularFileSize(file.path()));
  PB_RETURN_IF_ERROR(CheckSize(artifact, size));
  PB_RETURN_IF_ERROR(CheckDigest(artifact, sha256));
  const std::string path = path_of(sha256);
  PB_RETURN_IF_ERROR(Keep(file, path));
  artifact.sha256 = sha256;
  artifact.size_bytes = size;
  return path;
}

}  // namespace pushbroom
