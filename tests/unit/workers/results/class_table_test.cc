#include "workers/results/class_table.h"

#include <set>

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using ::testing::ElementsAre;

ModelClass Named(int64_t value, const std::string& name,
                 const std::string& color = "") {
  ModelClass c;
  c.value = value;
  c.name = name;
  c.color = color;
  return c;
}

ModelOutput Segmentation(std::vector<ModelClass> classes) {
  ModelOutput output;
  output.name = "classes";
  output.dims = {"batch", "class", "height", "width"};
  output.tasks = {"semantic-segmentation"};
  output.classes = std::move(classes);
  return output;
}

TEST(ClassTableTest, MapsChannelsToTheValuesTheModelNames) {
  ModelOutput output = Segmentation(
      {Named(10, "water", "0000ff"), Named(30, "trees"), Named(20, "soil")});
  output.channel_to_class = {0, 2, 1};
  ASSERT_OK_AND_ASSIGN(const ClassTable table, ClassTableFor(output, 3));
  EXPECT_THAT(table.channel_values, ElementsAre(10, 20, 30));
  ASSERT_EQ(table.classes.size(), 3u);
  EXPECT_EQ(table.classes[1].name, "soil");
  EXPECT_EQ(FormatColor(table.classes[0].color), "0000FF");
  EXPECT_EQ(table.nodata, 255);
}

TEST(ClassTableTest, OneChannelStandsForTwoClasses) {
  const ModelOutput output = Segmentation({Named(1, "building")});
  ASSERT_OK_AND_ASSIGN(const ClassTable table, ClassTableFor(output, 1));
  EXPECT_THAT(table.channel_values, ElementsAre(0, 1));
  EXPECT_EQ(table.classes[0].name, "background");
  EXPECT_EQ(table.classes[1].name, "building");
}

TEST(ClassTableTest, OneChannelOfAModelWithoutClassesGetsTwo) {
  ASSERT_OK_AND_ASSIGN(const ClassTable table,
                       ClassTableFor(Segmentation({}), 1));
  EXPECT_THAT(table.channel_values, ElementsAre(0, 1));
}

TEST(ClassTableTest, NodataAvoidsTheValuesOfClasses) {
  const ModelOutput output = Segmentation({Named(255, "a"), Named(254, "b")});
  ASSERT_OK_AND_ASSIGN(const ClassTable table, ClassTableFor(output, 2));
  EXPECT_EQ(table.nodata, 253);
}

TEST(ClassTableTest, RefusesValuesThatDoNotFitAByte) {
  EXPECT_STATUS(ClassTableFor(Segmentation({Named(256, "a")}), 1),
                absl::StatusCode::kUnimplemented, "256");
}

TEST(ClassTableTest, RefusesChannelsWithoutAClass) {
  const ModelOutput output = Segmentation({Named(0, "a"), Named(1, "b")});
  EXPECT_STATUS(ClassTableFor(output, 3), absl::StatusCode::kInvalidArgument,
                "channel 2");
}

TEST(ClassTableTest, RefusesAnOutputWithoutPlace) {
  ModelOutput output = Segmentation({Named(0, "a"), Named(1, "b")});
  output.dims = {"batch", "class"};
  EXPECT_STATUS(ClassTableFor(output, 2), absl::StatusCode::kUnimplemented,
                "no class raster");
}

TEST(PaletteTest, GivesManyClassesDifferentColours) {
  std::set<std::string> seen;
  for (size_t i = 0; i < 64; ++i) seen.insert(FormatColor(PaletteColor(i)));
  EXPECT_EQ(seen.size(), 64u);
}

TEST(PaletteTest, ReadsColoursOfEitherCaseAndNothingElse) {
  EXPECT_EQ(ParseColor("#0a1B2c"), std::optional<Rgb>({0x0a, 0x1b, 0x2c}));
  EXPECT_FALSE(ParseColor("").has_value());
  EXPECT_FALSE(ParseColor("red").has_value());
  EXPECT_FALSE(ParseColor("0x1234").has_value());
}

}  // namespace
}  // namespace pushbroom
