#include "workers/results/item_links.h"

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

TEST(WithoutCredentialsTest, DropsSignaturesAndKeepsTheRest) {
  EXPECT_EQ(WithoutCredentials("https://a.example/x.tif?st=1&sig=abc&item=7"),
            "https://a.example/x.tif?item=7");
  EXPECT_EQ(WithoutCredentials("https://a.example/x?X-Amz-Signature=1#page"),
            "https://a.example/x#page");
}

TEST(WithoutCredentialsTest, DropsUserInfo) {
  EXPECT_EQ(WithoutCredentials("https://u:p@a.example/x@y"),
            "https://a.example/x@y");
}

TEST(WithoutCredentialsTest, LeavesPathsAlone) {
  EXPECT_EQ(WithoutCredentials("/data/a@b.tif"), "/data/a@b.tif");
}

TEST(LinksForTest, GivesNoJobLinksWithoutAServer) {
  ItemFacts facts;
  facts.model_href = "https://a.example/m.json";
  const Json links = LinksFor(facts);
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0]["rel"], "derived_from");
}

TEST(LinksForTest, DoesNotLinkUploadsNorItemsWithoutAnAddress) {
  ItemFacts facts;
  facts.scene.sources = {{"upload:abc", "", "", ""}, {"", "item", "", ""}};
  EXPECT_TRUE(LinksFor(facts).empty());
}

TEST(LinksForTest, PrefersTheItemsOwnAddress) {
  ItemFacts facts;
  facts.scene.sources = {
      {"https://a.example/1", "item", "", "https://b.example/item"}};
  const Json links = LinksFor(facts);
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0]["href"], "https://b.example/item");
}

}  // namespace
}  // namespace pushbroom
