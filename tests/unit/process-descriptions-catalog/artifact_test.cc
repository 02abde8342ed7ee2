#include "process-descriptions/artifact.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "service/core/base/digest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_data.h"
#include "tests/unit/process-descriptions-catalog/archives.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;
using testing::TorchSave;
using testing::TorchScript;
using testing::ZipOf;

class ArtifactTest : public ::testing::Test {
 protected:
  ArtifactTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "artifact")),
        policy_(*UrlPolicy::Create({})),
        client_(policy_) {
    store_.directory = scratch_.File("models");
    store_.max_bytes = 1 << 20;
  }

  std::string File(const std::string& bytes) {
    const std::string path = scratch_.File("model.pt");
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  Model ModelOf(const std::string& href) {
    Model model;
    model.artifact.href = href;
    model.artifact.asset_key = "model";
    return model;
  }

  absl::StatusOr<std::string> Fetch(Model& model) {
    return FetchArtifact(model, store_, client_, {});
  }

  ScratchDirectory scratch_;
  UrlPolicy policy_;
  HttpClient client_;
  ArtifactStore store_;
};

TEST_F(ArtifactTest, RealModelsAreTorchScript) {
  for (const char* name :
       {"buildings_unet_rgb", "cloud_unet_6band", "s2_lulc_mlp"}) {
    EXPECT_OK(CheckTorchScript(
        testing::DataPath(std::string("models/") + name + ".pt")));
  }
}

TEST_F(ArtifactTest, LayoutsAreToldApartByTheirNames) {
  const auto kind = [&](const std::string& bytes) {
    auto found = SniffArchive(File(bytes));
    EXPECT_OK(found);
    return found.ok() ? *found : ArchiveKind::kNotAnArchive;
  };
  EXPECT_EQ(kind(TorchScript()), ArchiveKind::kTorchScript);
  EXPECT_EQ(kind(TorchSave()), ArchiveKind::kTorchSave);
  EXPECT_EQ(kind(ZipOf({"serialized_exported_program.json", "version"})),
            ArchiveKind::kTorchExport);
  EXPECT_EQ(kind(ZipOf({"m/archive_format", "m/models/model.json",
                        "m/data/weights/w_0", "m/data.pkl"})),
            ArchiveKind::kTorchExport);
  EXPECT_EQ(kind(ZipOf({"a.txt", "b/c.txt"})), ArchiveKind::kNotAnArchive);
  // code/ of one root and constants.pkl of another are no TorchScript.
  EXPECT_EQ(kind(ZipOf({"a/code/x.py", "b/constants.pkl"})),
            ArchiveKind::kNotAnArchive);
}

TEST_F(ArtifactTest, TheReasonSaysWhatTheFileIsAndWhatIsNeeded) {
  const auto reason = [&](const std::string& bytes) {
    return std::string(CheckTorchScript(File(bytes)).message());
  };
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  EXPECT_THAT(reason(TorchSave()),
              AllOf(HasSubstr("torch.save"), HasSubstr("torch.jit.save")));
  EXPECT_THAT(reason("\x80\x02}q"), HasSubstr("Python pickle"));
  EXPECT_THAT(reason(""), HasSubstr("empty"));
  EXPECT_THAT(reason("<!DOCTYPE html>"), HasSubstr("HTML"));
}

TEST_F(ArtifactTest, ATruncatedArchiveIsNoArchive) {
  const std::string whole = TorchScript();
  for (size_t size = 0; size < whole.size(); size += 7) {
    const std::string path = File(whole.substr(0, size));
    const auto kind = SniffArchive(path);
    ASSERT_OK(kind);
    EXPECT_EQ(*kind, ArchiveKind::kNotAnArchive) << size;
  }
  EXPECT_STATUS(CheckTorchScript(File(whole.substr(0, whole.size() / 2))),
                absl::StatusCode::kUnimplemented, "truncated or corrupt");
}

TEST_F(ArtifactTest, CorruptBytesNeverCrash) {
  const std::string whole = TorchScript();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0xff);
    SniffArchive(File(bytes)).IgnoreError();
  }
}

TEST_F(ArtifactTest, EntriesOutsideTheArchiveAreRefused) {
  for (const char* name : {"net/../../x", "/etc/passwd", "..", "a\\..\\b"}) {
    EXPECT_STATUS(SniffArchive(File(ZipOf({"net/code/x.py", name}))),
                  absl::StatusCode::kInvalidArgument, "outside itself");
  }
}

TEST_F(ArtifactTest, WhatEntriesClaimToUnpackToIsNotUnpacked) {
  ASSERT_OK_AND_ASSIGN(
      const ArchiveKind kind,
      SniffArchive(
          File(ZipOf({"net/code/x.py", "net/constants.pkl"}, 0xfffffff0))));
  EXPECT_EQ(kind, ArchiveKind::kTorchScript);
}

TEST_F(ArtifactTest, AbsentFilesAndFoldersAreNotFound) {
  EXPECT_STATUS(SniffArchive(scratch_.File("none")),
                absl::StatusCode::kNotFound, "none");
  EXPECT_STATUS(SniffArchive(scratch_.path()), absl::StatusCode::kNotFound,
                "no regular file");
}

TEST_F(ArtifactTest, TheCopyIsNamedByItsContentAndReadOnly) {
  Model model = ModelOf(File("bytes"));
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch(model));
  EXPECT_EQ(path, store_.directory + "/" + Sha256Hex("bytes") + ".pt");
  EXPECT_EQ(model.artifact.sha256, Sha256Hex("bytes"));
  EXPECT_EQ(model.artifact.size_bytes, 5);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444u);
  // Nothing else is left beside it.
  EXPECT_EQ(std::distance(fs::directory_iterator(store_.directory), {}), 1);
}

TEST_F(ArtifactTest, FileUrlsAreDecoded) {
  const std::string path = scratch_.File("my model.pt");
  std::ofstream(path) << "bytes";
  for (const char* prefix : {"file://", "file://localhost", "file:"}) {
    Model model = ModelOf(prefix + scratch_.path() + "/my%20model.pt");
    EXPECT_OK(Fetch(model));
  }
  Model model = ModelOf("file://elsewhere/model.pt");
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kInvalidArgument,
                "another host");
}

TEST_F(ArtifactTest, AVerifiedCopyIsNotFetchedAgain) {
  Model model = ModelOf(File("bytes"));
  model.artifact.sha256 = Sha256Hex("bytes");
  ASSERT_OK(Fetch(model));
  fs::remove(scratch_.File("model.pt"));
  EXPECT_OK(Fetch(model));
}

TEST_F(ArtifactTest, ACopyThatRottedIsFetchedAgain) {
  Model model = ModelOf(File("bytes"));
  model.artifact.sha256 = Sha256Hex("bytes");
  ASSERT_OK_AND_ASSIGN(const std::string path, Fetch(model));
  fs::remove(path);
  std::ofstream(path) << "rot";
  ASSERT_OK(Fetch(model));
  EXPECT_EQ(*ReadFile(path), "bytes");
}

TEST_F(ArtifactTest, AMismatchNamesBothValues) {
  Model model = ModelOf(File("bytes"));
  model.artifact.sha256 = Sha256Hex("others");
  const auto wrong = Fetch(model);
  EXPECT_STATUS(wrong, absl::StatusCode::kFailedPrecondition,
                Sha256Hex("bytes"));
  EXPECT_STATUS(wrong, absl::StatusCode::kFailedPrecondition,
                Sha256Hex("others"));
  model.artifact.sha256.clear();
  model.artifact.size_bytes = 7;
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kFailedPrecondition,
                "has 5 bytes, but file:size of the item says 7");
  EXPECT_TRUE(fs::is_empty(store_.directory));
}

TEST_F(ArtifactTest, LimitsAndPoliciesAreKept) {
  store_.max_bytes = 3;
  Model model = ModelOf(File("bytes"));
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kResourceExhausted,
                "the limit is 3");
  store_.max_bytes = 100;
  store_.require_checksum = true;
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kFailedPrecondition,
                "file:checksum");
  store_.require_checksum = false;
  model.artifact.href = "";
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kNotFound, "no model artifact");
  model.artifact.href = scratch_.path();
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kNotFound, "no regular file");
  // Without http in the policy nothing is connected to.
  model.artifact.href = "http://127.0.0.1:1/model.pt";
  EXPECT_STATUS(Fetch(model), absl::StatusCode::kPermissionDenied, "");
}

}  // namespace
}  // namespace pushbroom
