#include "service/core/storage/file_tokens.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

using Code = absl::StatusCode;
using testing::FakeClock;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr char kPath[] = "/objects/job-1/token/classes.tif";

struct Parts {
  std::string path;
  std::string expires;
  std::string token;
};

// Takes a signed URL apart, as the files port does.
Parts Split(const std::string& url) {
  const size_t query = url.find("?expires=");
  const size_t token = url.find("&token=");
  EXPECT_NE(query, std::string::npos) << url;
  EXPECT_NE(token, std::string::npos) << url;
  return {url.substr(0, query), url.substr(query + 9, token - query - 9),
          url.substr(token + 7)};
}

class FileTokensTest : public ::testing::Test {
 protected:
  absl::Status Check(const Parts& parts) const {
    return tokens_.Check(parts.path, parts.expires, parts.token);
  }
  FakeClock clock_;
  FileTokens tokens_{kSecret, clock_};
};

TEST_F(FileTokensTest, ALinkIsGoodUntilItExpires) {
  const Parts parts = Split(tokens_.Sign(kPath, absl::Minutes(15)));
  EXPECT_EQ(parts.path, kPath);
  EXPECT_EQ(parts.expires, "1800000900");
  EXPECT_EQ(parts.token.size(), 64u);
  EXPECT_OK(Check(parts));
  clock_.Advance(absl::Minutes(15) - absl::Seconds(1));
  EXPECT_OK(Check(parts));
  clock_.Advance(absl::Seconds(1));
  EXPECT_STATUS(Check(parts), Code::kPermissionDenied,
                "expired at 2027-01-15T08:15:00+00:00");
}

TEST_F(FileTokensTest, NothingInALinkMayBeChanged) {
  const Parts good = Split(tokens_.Sign(kPath, absl::Minutes(15)));
  Parts path = good;
  path.path = "/objects/job-2/token/classes.tif";
  Parts later = good;
  later.expires = "1800009999";
  Parts padded = good;
  padded.expires = "01800000900";
  Parts cut = good;
  cut.token.pop_back();
  Parts flipped = good;
  flipped.token[0] = flipped.token[0] == 'a' ? 'b' : 'a';
  Parts empty = good;
  empty.token.clear();
  for (const Parts& parts : {path, later, padded, cut, flipped, empty}) {
    EXPECT_STATUS(Check(parts), Code::kPermissionDenied, "not one that");
  }
}

TEST_F(FileTokensTest, AnotherSecretSignsOtherLinks) {
  const FileTokens other("another secret of thirty-two bytes", clock_);
  EXPECT_STATUS(Check(Split(other.Sign(kPath, absl::Minutes(1)))),
                Code::kPermissionDenied, "not one that");
}

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "secret")),
        path_(scratch_.File("files.secret")) {}
  ScratchDirectory scratch_;
  std::string path_;
  FakeClock clock_;
};

TEST_F(SecretFileTest, IsMadeOnceAndReadByNobodyElse) {
  ASSERT_OK_AND_ASSIGN(const FileTokens first,
                       FileTokens::OpenSecret(path_, clock_));
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_nlink, 1u);
  EXPECT_EQ(ReadFile(path_).value().size(), 64u);
  ASSERT_OK_AND_ASSIGN(const FileTokens second,
                       FileTokens::OpenSecret(path_, clock_));
  const Parts parts = Split(first.Sign(kPath, absl::Minutes(1)));
  EXPECT_OK(second.Check(parts.path, parts.expires, parts.token));
}

TEST_F(SecretFileTest, ProcessesThatStartAtOnceAgree) {
  constexpr int kProcesses = 8;
  int start[2];
  int result[2];
  ASSERT_EQ(::pipe(start), 0);
  ASSERT_EQ(::pipe(result), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(start[1]);
      char byte;
      (void)!::read(start[0], &byte, 1);  // until the parent closes it
      const auto tokens = FileTokens::OpenSecret(path_, clock_);
      std::string link =
          tokens.ok() ? tokens->Sign("/x", absl::Minutes(1)) : std::string();
      link.resize(128, ' ');  // one write, never split
      (void)!::write(result[1], link.data(), link.size());
      ::_exit(tokens.ok() ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(start[0]);
  ::close(start[1]);
  ::close(result[1]);
  for (const pid_t child : children) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::string links;
  char buffer[4096];
  for (ssize_t n; (n = ::read(result[0], buffer, sizeof(buffer))) > 0;) {
    links.append(buffer, static_cast<size_t>(n));
  }
  ::close(result[0]);
  ASSERT_EQ(links.size(), 128u * kProcesses);
  for (int i = 1; i < kProcesses; ++i) {
    EXPECT_EQ(links.substr(128u * static_cast<size_t>(i), 128),
              links.substr(0, 128));
  }
  // No temporary file stays.
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path()),
                          fs::directory_iterator()),
            1);
}

TEST_F(SecretFileTest, AnOperatorsOwnSecretMayEndWithALineBreak) {
  ASSERT_OK(WriteFileAtomically(path_, absl::StrCat(kSecret, "\n")));
  ASSERT_OK_AND_ASSIGN(const FileTokens tokens,
                       FileTokens::OpenSecret(path_, clock_));
  EXPECT_EQ(tokens.Sign(kPath, absl::Minutes(1)),
            FileTokens(kSecret, clock_).Sign(kPath, absl::Minutes(1)));
}

TEST_F(SecretFileTest, AShortSecretIsRefused) {
  ASSERT_OK(WriteFileAtomically(path_, "short\n"));
  EXPECT_STATUS(FileTokens::OpenSecret(path_, clock_),
                Code::kFailedPrecondition, "at least 32");
}

TEST_F(SecretFileTest, SaysWhereItCannotBeMade) {
  const std::string nowhere = scratch_.File("no/such/folder");
  EXPECT_STATUS(FileTokens::OpenSecret(nowhere, clock_), Code::kNotFound,
                nowhere);
}

}  // namespace
}  // namespace pushbroom
