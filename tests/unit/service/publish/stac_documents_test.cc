#include "service/publish/stac_documents.h"

#include "tests/support/status_matchers.h"

namespace pushbroom::stac {
namespace {

Json Item(Json bbox, const char* time) {
  return {{"bbox", std::move(bbox)}, {"properties", {{"datetime", time}}}};
}

TEST(WidenExtentTest, TheFirstItemReplacesTheGuess) {
  Json collection = NewCollection("c");
  EXPECT_TRUE(
      WidenExtent(collection, Item({1, 2, 3, 4}, "2020-01-02T00:00:00Z")));
  const Json& extent = collection["extent"];
  EXPECT_EQ(extent["spatial"]["bbox"], Json::parse("[[1,2,3,4]]"));
  EXPECT_EQ(
      extent["temporal"]["interval"],
      Json::parse(R"([["2020-01-02T00:00:00Z","2020-01-02T00:00:00Z"]])"));
}

TEST(WidenExtentTest, LaterItemsOnlyWidenIt) {
  Json collection = NewCollection("c");
  WidenExtent(collection, Item({1, 2, 3, 4}, "2020-01-02T00:00:00Z"));
  EXPECT_TRUE(
      WidenExtent(collection, Item({0, 3, 2, 9}, "2019-01-02T00:00:00Z")));
  EXPECT_FALSE(
      WidenExtent(collection, Item({1, 3, 2, 4}, "2019-06-01T00:00:00Z")));
  const Json& extent = collection["extent"];
  EXPECT_EQ(extent["spatial"]["bbox"], Json::parse("[[0,2,3,9]]"));
  EXPECT_EQ(
      extent["temporal"]["interval"],
      Json::parse(R"([["2019-01-02T00:00:00Z","2020-01-02T00:00:00Z"]])"));
}

TEST(WidenExtentTest, SixNumbersAndRangesAreUnderstood) {
  Json collection = NewCollection("c");
  Json item = Item({1, 2, -10, 3, 4, 500}, "");
  item["properties"] = {{"datetime", nullptr},
                        {"start_datetime", "2020-01-01T00:00:00Z"},
                        {"end_datetime", "2020-02-01T00:00:00Z"}};
  WidenExtent(collection, item);
  const Json& extent = collection["extent"];
  EXPECT_EQ(extent["spatial"]["bbox"], Json::parse("[[1,2,3,4]]"));
  EXPECT_EQ(
      extent["temporal"]["interval"],
      Json::parse(R"([["2020-01-01T00:00:00Z","2020-02-01T00:00:00Z"]])"));
}

TEST(WidenExtentTest, ABoxOverTheAntimeridianTakesTheWholeCircle) {
  Json collection = NewCollection("c");
  WidenExtent(collection, Item({1, 2, 3, 4}, "2020-01-02T00:00:00Z"));
  WidenExtent(collection, Item({170, 2, -170, 4}, "2020-01-02T00:00:00Z"));
  EXPECT_EQ(collection["extent"]["spatial"]["bbox"],
            Json::parse("[[-180,2,180,4]]"));
}

TEST(WidenExtentTest, AnItemWithoutPlaceAndTimeChangesNothing) {
  Json collection = NewCollection("c");
  EXPECT_FALSE(WidenExtent(collection, {{"properties", Json::object()}}));
}

TEST(SetLinkTest, DoneTwiceItIsThereOnceAndInItsPlace) {
  Json catalog = NewCatalog("c", "t", "d");
  SetLink(catalog, Link("item", "./a.json", kGeoJsonType, "old"));
  SetLink(catalog, Link("item", "./b.json", kGeoJsonType));
  SetLink(catalog, Link("item", "./a.json", kGeoJsonType, "new"));
  ASSERT_EQ(catalog["links"].size(), 2u);
  EXPECT_EQ(catalog["links"][0]["title"], "new");
}

TEST(RemoveLinksTest, TakesOnlyWhatMatches) {
  Json catalog = NewCatalog("c", "t", "d");
  SetLink(catalog, Link("item", "./a.json", kGeoJsonType));
  SetLink(catalog, Link("child", "./a.json", kJsonType));
  EXPECT_FALSE(RemoveLinks(catalog, "item", "./b.json"));
  EXPECT_TRUE(RemoveLinks(catalog, "item", "./a.json"));
  EXPECT_EQ(catalog["links"].size(), 1u);
}

}  // namespace
}  // namespace pushbroom::stac
