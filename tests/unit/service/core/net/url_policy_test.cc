#include "service/core/net/url_policy.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {
namespace fs = std::filesystem;

using Code = absl::StatusCode;

UrlPolicy Make(UrlPolicyOptions options) {
  absl::StatusOr<UrlPolicy> policy = UrlPolicy::Create(std::move(options));
  EXPECT_OK(policy);
  return *std::move(policy);
}

std::string UrlOf(const UrlPolicy& policy, const std::string& href) {
  const absl::StatusOr<CheckedUrl> checked = policy.Check(href);
  SCOPED_TRACE(href);
  EXPECT_OK(checked);
  if (!checked.ok()) return "";
  EXPECT_EQ(checked->kind, CheckedUrl::Kind::kHttp);
  return checked->url;
}

TEST(UrlPolicyTest, NormalisesAndDropsTheFragment) {
  const UrlPolicy policy = Make({});
  EXPECT_EQ(UrlOf(policy, "HTTPS://Example.org/a/../b.tif?x=1#.tif"),
            "https://example.org/b.tif?x=1");
  EXPECT_EQ(UrlOf(policy, "https://example.org"), "https://example.org/");
  EXPECT_EQ(UrlOf(policy, "https://example.org/\xc3\xa9.tif"),
            "https://example.org/%C3%A9.tif");
}

TEST(UrlPolicyTest, AllowsHttpsOnlyUnlessToldOtherwise) {
  const UrlPolicy strict = Make({});
  EXPECT_STATUS(strict.Check("http://example.org/"), Code::kPermissionDenied,
                "https");
  UrlPolicyOptions options;
  options.allow_http = true;
  EXPECT_EQ(UrlOf(Make(options), "http://example.org/"), "http://example.org/");
}

TEST(UrlPolicyTest, RefusesOtherSchemesByName) {
  const UrlPolicy policy = Make({});
  for (const char* scheme : {"ftp", "gopher", "dict", "s3", "gs", "data",
                             "javascript", "vsicurl", "NETCDF", "ldap"}) {
    EXPECT_STATUS(policy.Check(std::string(scheme) + "://host/x"),
                  Code::kPermissionDenied, "scheme");
  }
}

TEST(UrlPolicyTest, RefusesWhatIsNoAbsoluteUrl) {
  const UrlPolicy policy = Make({});
  for (const char* href :
       {"b4.tif", "./b4.tif", "../b4.tif", "?x", "#x", ":x", "1a://host"}) {
    EXPECT_STATUS(policy.Check(href), Code::kInvalidArgument, "relative");
  }
  EXPECT_STATUS(policy.Check(""), Code::kInvalidArgument, "empty");
  EXPECT_STATUS(policy.Check("https:example.org"), Code::kInvalidArgument,
                "no URL");
  EXPECT_STATUS(policy.Check("https://h:99999/"), Code::kInvalidArgument,
                "port");
}

TEST(UrlPolicyTest, RefusesCharactersThatParsersDisagreeAbout) {
  const UrlPolicy policy = Make({});
  EXPECT_STATUS(policy.Check("https://example.org/a\r\nX: y"),
                Code::kInvalidArgument, "control character");
  EXPECT_STATUS(policy.Check(absl::string_view("https://a.org/\0b", 16)),
                Code::kInvalidArgument, "control character");
  EXPECT_STATUS(policy.Check("https://example.org\\@evil.org/"),
                Code::kInvalidArgument, "backslash");
  EXPECT_STATUS(policy.Check("https://example.org/a b"), Code::kInvalidArgument,
                "%20");
  EXPECT_STATUS(policy.Check("https://ex\xc3\xa4mple.org/"),
                Code::kInvalidArgument, "ASCII");
}

TEST(UrlPolicyTest, RefusesUserInformationAndDoesNotRepeatIt) {
  const UrlPolicy policy = Make({});
  for (const char* href :
       {"https://user:secret@example.org/", "https://user@example.org/",
        "https://@example.org/", "https://example.org@evil.org/"}) {
    EXPECT_STATUS(policy.Check(href), Code::kPermissionDenied,
                  "user information");
  }
  const absl::Status other =
      policy.Check("ftp://user:secret@example.org/x").status();
  EXPECT_THAT(std::string(other.message()),
              ::testing::Not(::testing::HasSubstr("secret")));
}

TEST(UrlPolicyTest, RefusesMoreThan2048Characters) {
  const UrlPolicy policy = Make({});
  const std::string start = "https://example.org/";
  const std::string longest = start + std::string(2048 - start.size(), 'a');
  EXPECT_OK(policy.Check(longest));
  EXPECT_STATUS(policy.Check(longest + "a"), Code::kInvalidArgument, "2048");
}

TEST(UrlPolicyTest, MatchesHostsOnLabelBoundaries) {
  UrlPolicyOptions options;
  options.allowed_hosts = {"Example.org", ".data.test", "10.1.2.3"};
  const UrlPolicy policy = Make(options);
  for (const char* host :
       {"example.org", "a.example.org", "A.B.EXAMPLE.ORG", "example.org.",
        "data.test", "x.data.test", "10.1.2.3"}) {
    SCOPED_TRACE(host);
    EXPECT_OK(policy.Check(std::string("https://") + host + "/"));
  }
  for (const char* host : {"badexample.org", "example.org.evil.test", "org",
                           "example.orgx", "9.10.1.2.3", "8.8.8.8"}) {
    EXPECT_STATUS(policy.Check(std::string("https://") + host + "/"),
                  Code::kPermissionDenied, host);
  }
}

TEST(UrlPolicyTest, RefusesOtherPorts) {
  UrlPolicyOptions options;
  options.allowed_ports = {8443};
  const UrlPolicy policy = Make(options);
  EXPECT_OK(policy.Check("https://example.org:443/"));
  EXPECT_OK(policy.Check("https://example.org:80/"));
  EXPECT_OK(policy.Check("https://example.org:8443/"));
  EXPECT_STATUS(policy.Check("https://example.org:22/"),
                Code::kPermissionDenied, "port 22");
  EXPECT_STATUS(policy.Check("https://example.org:0/"), Code::kPermissionDenied,
                "port 0");
}

TEST(UrlPolicyTest, ReadsUploadsByTheirId) {
  const UrlPolicy policy = Make({});
  const std::string id = "0b5c2a4e-7f1d-4c55-9d6e-2f1a3b4c5d6e";
  ASSERT_OK_AND_ASSIGN(const CheckedUrl checked, policy.Check("upload:" + id));
  EXPECT_EQ(checked.kind, CheckedUrl::Kind::kUpload);
  EXPECT_EQ(checked.path, id);
  for (const char* href :
       {"upload:", "upload:..", "upload:../../etc/passwd", "upload://x"}) {
    EXPECT_STATUS(policy.Check(href), Code::kInvalidArgument, "UUID");
  }
}

TEST(UrlPolicyTest, IsNotMadeOfNonsense) {
  UrlPolicyOptions host;
  host.allowed_hosts = {"*.example.org"};
  EXPECT_STATUS(UrlPolicy::Create(host), Code::kInvalidArgument,
                "allowed host");
  UrlPolicyOptions port;
  port.allowed_ports = {70000};
  EXPECT_STATUS(UrlPolicy::Create(port), Code::kInvalidArgument, "70000");
  UrlPolicyOptions relative;
  relative.file_roots = {"data"};
  EXPECT_STATUS(UrlPolicy::Create(relative), Code::kInvalidArgument,
                "absolute");
  UrlPolicyOptions absent;
  absent.file_roots = {"/no/such/root"};
  EXPECT_STATUS(UrlPolicy::Create(absent), Code::kInvalidArgument,
                "/no/such/root");
}

// inside/, inside/scene.tif, inside/sub/, outside/secret, alias → inside
class FileRootsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto scratch = ScratchDirectory::Create(::testing::TempDir(), "roots");
    ASSERT_OK(scratch);
    scratch_ = std::make_unique<ScratchDirectory>(*std::move(scratch));
    top_ = fs::canonical(scratch_->path()).string();
    inside_ = top_ + "/inside";
    ASSERT_OK(MakeDirectories(inside_ + "/sub"));
    ASSERT_OK(MakeDirectories(top_ + "/inside-not"));
    ASSERT_OK(MakeDirectories(top_ + "/outside"));
    for (const char* name : {"inside/scene.tif", "inside/a b.tif",
                             "inside-not/x", "outside/secret"}) {
      ASSERT_OK(WriteFileAtomically(top_ + "/" + name, "x"));
    }
    fs::create_directory_symlink(inside_, top_ + "/alias");
  }
  UrlPolicy Policy(const std::string& root) {
    UrlPolicyOptions options;
    options.file_roots = {root};
    return Make(options);
  }
  std::unique_ptr<ScratchDirectory> scratch_;
  std::string top_;
  std::string inside_;
};

TEST_F(FileRootsTest, GivesCanonicalPathsBelowARoot) {
  const UrlPolicy policy = Policy(inside_);
  for (const std::string& href :
       {"file://" + inside_ + "/scene.tif", "file:" + inside_ + "/scene.tif",
        "file://localhost" + inside_ + "/scene.tif#x", inside_ + "/scene.tif",
        inside_ + "/sub/../scene.tif", top_ + "/alias/scene.tif",
        "file://" + inside_ + "/%73cene.tif"}) {
    ASSERT_OK_AND_ASSIGN(const CheckedUrl checked, policy.Check(href));
    EXPECT_EQ(checked.kind, CheckedUrl::Kind::kFile);
    EXPECT_EQ(checked.path, inside_ + "/scene.tif");
  }
  EXPECT_OK(policy.Check(inside_ + "/a b.tif"));
  EXPECT_OK(policy.Check("file://" + inside_ + "/a%20b.tif"));
}

TEST_F(FileRootsTest, ARootMayItselfBeASymbolicLink) {
  const UrlPolicy policy = Policy(top_ + "/alias/");
  EXPECT_OK(policy.Check(top_ + "/alias/scene.tif"));
  EXPECT_OK(policy.Check(inside_ + "/scene.tif"));
  EXPECT_EQ(policy.options().file_roots[0], inside_);
}

TEST_F(FileRootsTest, RefusesEveryWayOut) {
  const UrlPolicy policy = Policy(inside_);
  fs::create_symlink(top_ + "/outside/secret", inside_ + "/link");
  fs::create_directory_symlink(top_ + "/outside", inside_ + "/dir");
  for (const std::string& href :
       {top_ + "/outside/secret", inside_ + "/../outside/secret",
        "file://" + inside_ + "/%2e%2e/outside/secret",
        "file://" + inside_ + "/..%2foutside%2fsecret", inside_ + "/link",
        inside_ + "/dir/secret", top_ + "/inside-not/x",
        std::string("/etc/passwd"), std::string("/vsicurl/http://10.0.0.1/"),
        std::string("file:///proc/self/environ")}) {
    EXPECT_STATUS(policy.Check(href), Code::kPermissionDenied,
                  "not below a configured root");
  }
}

TEST_F(FileRootsTest, TellsAbsenceOnlyBelowARoot) {
  const UrlPolicy policy = Policy(inside_);
  EXPECT_STATUS(policy.Check(inside_ + "/none.tif"), Code::kNotFound,
                "none.tif");
  EXPECT_STATUS(policy.Check(top_ + "/outside/none"), Code::kPermissionDenied,
                "not below");
}

TEST_F(FileRootsTest, RefusesWhatIsNoFile) {
  const UrlPolicy policy = Policy(inside_);
  EXPECT_STATUS(policy.Check(inside_ + "/sub"), Code::kInvalidArgument,
                "regular file");
  ASSERT_EQ(::mkfifo((inside_ + "/pipe").c_str(), 0600), 0);
  EXPECT_STATUS(policy.Check(inside_ + "/pipe"), Code::kInvalidArgument,
                "regular file");
  fs::create_symlink("loop", inside_ + "/loop");
  EXPECT_FALSE(policy.Check(inside_ + "/loop").ok());
}

TEST_F(FileRootsTest, RefusesMalformedFileUrls) {
  const UrlPolicy policy = Policy(inside_);
  EXPECT_STATUS(policy.Check("file://host" + inside_ + "/scene.tif"),
                Code::kPermissionDenied, "host");
  EXPECT_STATUS(policy.Check("file:scene.tif"), Code::kInvalidArgument,
                "absolute path");
  EXPECT_STATUS(policy.Check("file://" + inside_ + "/scene.tif?x"),
                Code::kInvalidArgument, "query");
  EXPECT_STATUS(policy.Check("file://" + inside_ + "/scene.tif%00"),
                Code::kInvalidArgument, "control character");
  EXPECT_STATUS(policy.Check("file://" + inside_ + "/scene%5c.tif"),
                Code::kInvalidArgument, "backslash");
  EXPECT_STATUS(policy.Check("file://" + inside_ + "/%zz"),
                Code::kInvalidArgument, "hex");
}

TEST_F(FileRootsTest, WithoutRootsThereAreNoFiles) {
  EXPECT_STATUS(Make({}).Check(inside_ + "/scene.tif"), Code::kPermissionDenied,
                "no root");
}

}  // namespace
}  // namespace pushbroom
