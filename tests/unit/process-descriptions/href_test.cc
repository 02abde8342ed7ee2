#include "process-descriptions/href.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

std::string Resolved(absl::string_view base, absl::string_view href) {
  auto resolved = ResolveHref(base, href);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? *resolved : "";
}

TEST(HrefTest, ResolvesAgainstAFile) {
  EXPECT_EQ(Resolved("/m/a/item.json", "./x.pt"), "/m/a/x.pt");
  EXPECT_EQ(Resolved("/m/a/item.json", "../x.pt"), "/m/x.pt");
  EXPECT_EQ(Resolved("/m/a/item.json", "/y/x.pt"), "/y/x.pt");
  EXPECT_EQ(Resolved("/m/a/item.json", "file:///y/x.pt"), "/y/x.pt");
  EXPECT_EQ(Resolved("/m/a/item.json", "https://h/x.pt"), "https://h/x.pt");
  EXPECT_EQ(Resolved("/m/a/item.json", "s3://b/x.pt"), "s3://b/x.pt");
}

TEST(HrefTest, ResolvesAgainstAUrl) {
  EXPECT_EQ(Resolved("https://h/a/item.json", "x.pt"), "https://h/a/x.pt");
  EXPECT_EQ(Resolved("https://h/a/item.json?q=/z", "./x.pt?v=../1"),
            "https://h/a/x.pt?v=../1");
  EXPECT_EQ(Resolved("https://h/a/b/item.json", "../x.pt"), "https://h/a/x.pt");
  EXPECT_EQ(Resolved("https://h/a/item.json", "/x.pt"), "https://h/x.pt");
  EXPECT_EQ(Resolved("https://h", "x.pt"), "https://h/x.pt");
  EXPECT_EQ(Resolved("https://h/a/item.json", "//k/x.pt"), "https://k/x.pt");
}

TEST(HrefTest, RefusesALocalFileNamedByWhatIsNone) {
  EXPECT_STATUS(ResolveHref("https://h/item.json", "file:///etc/passwd"),
                absl::StatusCode::kPermissionDenied, "/etc/passwd");
  EXPECT_STATUS(ResolveHref("", "/etc/passwd"),
                absl::StatusCode::kPermissionDenied, "/etc/passwd");
}

TEST(HrefTest, RefusesARelativeHrefWithoutBase) {
  EXPECT_STATUS(ResolveHref("", "./x.pt"), absl::StatusCode::kInvalidArgument,
                "./x.pt");
  EXPECT_STATUS(ResolveHref("/m/item.json", ""),
                absl::StatusCode::kInvalidArgument, "empty");
}

}  // namespace
}  // namespace pushbroom
