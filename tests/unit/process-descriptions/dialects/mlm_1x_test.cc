#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/process-descriptions/model_items.h"

namespace pushbroom::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Mlm1xTest, ReadsAPlainItemWithoutRemark) {
  const Model model = Read(SmallItem());
  EXPECT_THAT(Codes(model.diagnostics), IsEmpty());
  EXPECT_EQ(model.id, "small");
  EXPECT_EQ(model.title, "Small");
  EXPECT_EQ(model.start_datetime, "2026-01-02T03:04:05Z");
  ASSERT_EQ(model.inputs.size(), 1u);
  EXPECT_THAT(model.inputs[0].dims,
              ElementsAre("batch", "bands", "height", "width"));
  EXPECT_THAT(model.inputs[0].shape, ElementsAre(-1, 3, 64, 64));
  EXPECT_EQ(model.inputs[0].bands[2].name, "blue");
  EXPECT_THAT(model.inputs[0].scaling, IsEmpty());
  ASSERT_EQ(model.outputs.size(), 1u);
  EXPECT_THAT(model.outputs[0].channel_to_class, ElementsAre(0, 1));
  EXPECT_EQ(model.artifact.href, "/models/small/small.pt");
}

TEST(Mlm1xTest, ReadsEverySpellingOfClasses) {
  for (const char* key : {"classification_classes", "classes"}) {
    Json item = SmallItem();
    Output(item)[key] = Output(item)["classification:classes"];
    Output(item).erase("classification:classes");
    EXPECT_EQ(Read(item).outputs[0].classes.size(), 2u) << key;
  }
}

TEST(Mlm1xTest, NormalisesClasses) {
  Json item = SmallItem();
  Output(item)["classification:classes"] = Json::parse(R"([
      {"value": 1, "name": "Open Water", "color_hint": [0, 128, 255]},
      {"value": 0, "description": "Land", "color_hint": "#a0b1c2"}])");
  const ModelOutput out = Read(item).outputs[0];
  EXPECT_EQ(out.classes[0].name, "open-water");
  EXPECT_EQ(out.classes[0].title, "Open Water");
  EXPECT_EQ(out.classes[0].color, "0080FF");
  EXPECT_EQ(out.classes[1].name, "Land");
  EXPECT_EQ(out.classes[1].color, "A0B1C2");
  EXPECT_THAT(out.channel_to_class, ElementsAre(1, 0));  // by value
}

TEST(Mlm1xTest, MapsChannelsToClasses) {
  Json item = SmallItem();
  Output(item)["result"]["shape"][1] = 1;  // one channel: the positive class
  EXPECT_THAT(Read(item).outputs[0].channel_to_class, ElementsAre(1));

  item = SmallItem();  // values that are no channel numbers: by place
  Output(item)["classification:classes"][0]["value"] = 7;
  EXPECT_THAT(Read(item).outputs[0].channel_to_class, ElementsAre(0, 1));

  item = SmallItem();  // a class of no data has no channel
  Output(item)["classification:classes"].push_back(
      {{"value", -1}, {"name", "none"}, {"nodata", true}});
  EXPECT_THAT(Read(item).outputs[0].channel_to_class, ElementsAre(0, 1));
}

TEST(Mlm1xTest, NamesClassesThatHaveNoNames) {
  Json item = SmallItem();
  Output(item).erase("classification:classes");
  const Model model = Read(item);
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("warning classes-unnamed /properties/mlm:output/0/"
                          "classification:classes"));
  ASSERT_EQ(model.outputs[0].classes.size(), 2u);
  EXPECT_EQ(model.outputs[0].classes[1].name, "class-1");
}

TEST(Mlm1xTest, ReadsScalingOfEveryType) {
  const struct {
    const char* json;
    ScalingOp::Kind kind;
  } kCases[] = {
      {R"({"type": "min-max", "minimum": 0, "maximum": 1})",
       ScalingOp::Kind::kMinMax},
      {R"({"type": "z-score", "mean": 0, "stddev": 1})",
       ScalingOp::Kind::kZScore},
      {R"({"type": "clip", "minimum": 0, "maximum": 1})",
       ScalingOp::Kind::kClip},
      {R"({"type": "clip-min", "minimum": 0})", ScalingOp::Kind::kClipMin},
      {R"({"type": "clip-max", "maximum": 0})", ScalingOp::Kind::kClipMax},
      {R"({"type": "offset", "value": 0})", ScalingOp::Kind::kOffset},
      {R"({"type": "scale", "value": 2})", ScalingOp::Kind::kScale},
  };
  for (const auto& c : kCases) {
    Json item = SmallItem();
    Input(item)["value_scaling"] = Json::array({Json::parse(c.json)});
    const Model model = Read(item);
    EXPECT_THAT(Codes(model.diagnostics), IsEmpty()) << c.json;
    ASSERT_EQ(model.inputs[0].scaling.size(), 3u) << "one for all bands";
    EXPECT_EQ(model.inputs[0].scaling[2][0].kind, c.kind) << c.json;
  }
}

TEST(Mlm1xTest, ReadsEveryFormOfNoScaling) {
  for (const char* none : {"null", "[]", "[null]", R"([{"type": null}])",
                           "[{}]", R"([null, {"type": null}, {}])"}) {
    Json item = SmallItem();
    Input(item)["value_scaling"] = Json::parse(none);
    const Model model = Read(item);
    EXPECT_THAT(Codes(model.diagnostics), IsEmpty()) << none;
    EXPECT_THAT(model.inputs[0].scaling, IsEmpty()) << none;
  }
}

TEST(Mlm1xTest, KeepsThePlaceOfAChannelWithoutScaling) {
  Json item = SmallItem();
  Input(item)["value_scaling"] = Json::parse(
      R"([{"type": "scale", "value": 255}, null, {"type": "scale", "value": 2}])");
  const Model model = Read(item);
  ASSERT_EQ(model.inputs[0].scaling.size(), 3u);
  EXPECT_THAT(model.inputs[0].scaling[1], IsEmpty());
  EXPECT_EQ(model.inputs[0].scaling[2][0].value, 2);
}

TEST(Mlm1xTest, RefusesScalingItDoesNotUnderstand) {
  const std::string at = "/properties/mlm:input/0/value_scaling/0";
  Json item = SmallItem();
  Input(item)["value_scaling"] = Json::parse(R"([{"type": "log"}])");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error scaling-type-unknown " + at + "/type"));
  Input(item)["value_scaling"] = Json::parse(R"([{"type": "scale"}])");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              Contains("error scaling-value-missing " + at));
  Input(item)["value_scaling"] = Json::parse(
      R"([{"type": "processing", "format": "gdal-calc", "expression": "A"}])");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error expression-not-served " + at));
}

TEST(Mlm1xTest, RefusesNormalisationOfOlderVersionsInsteadOfDroppingIt) {
  Json item = SmallItem();
  Input(item)["norm_type"] = "z-score";
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error normalisation-not-served "
                          "/properties/mlm:input/0/norm_type"));
  Input(item)["norm_type"] = nullptr;
  Input(item)["norm_by_channel"] = false;
  EXPECT_THAT(Codes(Read(item).diagnostics), IsEmpty());
  Input(item)["norm_type"] = "z-score";  // beside value_scaling: ignored
  Input(item)["value_scaling"] = nullptr;
  EXPECT_THAT(Codes(Read(item).diagnostics), IsEmpty());
}

TEST(Mlm1xTest, NormalisesDimensions) {
  const struct {
    Json dims, shape;
    Dimensions expected;
  } kCases[] = {
      {{"b", "c", "y", "x"},
       {-1, 3, 8, 8},
       {"batch", "bands", "height", "width"}},
      {{"samples", "channel", "lat", "lon"},
       {-1, 3, 8, 8},
       {"batch", "bands", "height", "width"}},
      {"bchw", {-1, 3, 8, 8}, {"batch", "bands", "height", "width"}},
      {{"batch", "h", "y", "x"},
       {-1, 1, 8, 8},
       {"batch", "bands", "height", "width"}},
      {{"batch", "ndvi", "height", "width"},
       {-1, 1, 8, 8},
       {"batch", "bands", "height", "width"}},
      {{"t", "variables", "rows", "cols"},
       {-1, 3, 8, 8},
       {"time", "variables", "height", "width"}},
  };
  for (const auto& c : kCases) {
    Json item = SmallItem();
    Input(item)["input"]["dim_order"] = c.dims;
    Input(item)["input"]["shape"] = c.shape;
    EXPECT_EQ(Read(item).inputs[0].dims, c.expected) << c.dims;
  }
}

TEST(Mlm1xTest, WarnsOfATransposedImage) {
  Json item = SmallItem();
  Input(item)["input"]["dim_order"] = {"batch", "bands", "x", "y"};
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("warning dims-transposed "
                          "/properties/mlm:input/0/input/dim_order"));
}

TEST(Mlm1xTest, FreesSizesThatAreAKernel) {
  Json item = SmallItem();
  Input(item)["input"]["shape"] = {-1, 3, 3, 3};
  const Model model = Read(item);
  EXPECT_THAT(model.inputs[0].shape, ElementsAre(-1, 3, -1, -1));
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("warning shape-implausible "
                          "/properties/mlm:input/0/input/shape"));
}

TEST(Mlm1xTest, JoinsBandsByNameWhereverTheyAreDefined) {
  const Json stac11 = Json::parse(R"([
      {"name": "BLUE", "eo:common_name": "blue", "eo:center_wavelength": 0.48,
       "data_type": "uint16", "nodata": 0, "raster:scale": 0.0001,
       "raster:offset": -0.1, "raster:spatial_resolution": 10},
      {"name": "green"}, {"name": "red - visible", "unit": "1"}])");
  Json in_properties = SmallItem();
  Property(in_properties, "bands") = stac11;
  Json on_asset = SmallItem();
  on_asset["assets"]["model"]["bands"] = stac11;
  Json on_other = SmallItem();
  on_other["assets"]["thumbnail"] = {{"href", "./x.png"}, {"bands", stac11}};
  for (const Json& item : {in_properties, on_asset, on_other}) {
    const auto bands = Read(item).inputs[0].bands;
    EXPECT_EQ(bands[0].unit, "1");
    EXPECT_EQ(bands[2].common_name, "blue");
    EXPECT_EQ(bands[2].source_dtype, DataType::kUint16);
    EXPECT_EQ(bands[2].scale, 0.0001);
    EXPECT_EQ(bands[2].offset, -0.1);
    EXPECT_EQ(bands[2].nodata, 0);
    EXPECT_EQ(bands[2].gsd, 10);
    EXPECT_EQ(bands[2].center_wavelength, 0.48);
  }
}

TEST(Mlm1xTest, JoinsEoAndRasterBandsOfStac10) {
  Json item = SmallItem();
  Property(item, "eo:bands") = Json::parse(R"([
      {"name": "blue", "common_name": "blue"},
      {"name": "red", "common_name": "red", "center_wavelength": 0.66}])");
  // No names: by index, because there are as many as bands.
  item["assets"]["model"]["raster:bands"] = Json::parse(R"([
      {"scale": 1, "data_type": "uint8"}, {"scale": 2}, {"nodata": "nan"}])");
  const auto bands = Read(item).inputs[0].bands;
  EXPECT_EQ(bands[0].common_name, "red");
  EXPECT_EQ(bands[0].scale, 1);
  EXPECT_EQ(bands[0].source_dtype, DataType::kUint8);
  EXPECT_EQ(bands[1].scale, 2);
  EXPECT_TRUE(bands[2].nodata && std::isnan(*bands[2].nodata));
}

TEST(Mlm1xTest, TakesHoistedFactsOfBands) {
  Json item = SmallItem();
  Property(item, "bands") = Json::parse(R"([{"name": "red", "gsd": 5}])");
  Property(item, "gsd") = 10;
  Property(item, "data_type") = "float32";
  Property(item, "unit") = "1";
  const auto bands = Read(item).inputs[0].bands;
  EXPECT_EQ(bands[0].gsd, 5);
  EXPECT_EQ(bands[1].gsd, 10);
  EXPECT_EQ(bands[1].unit, "1");
  EXPECT_EQ(bands[1].source_dtype, DataType::kFloat32);
}

TEST(Mlm1xTest, KeepsExpressionsOfBands) {
  Json item = SmallItem();
  Input(item)["bands"][1] = {{"name", "ndvi"},
                             {"format", "rio-calc"},
                             {"expression", "(nir - red) / (nir + red)"}};
  const Model model = Read(item);
  ASSERT_TRUE(model.inputs[0].bands[1].expression.has_value());
  EXPECT_EQ(model.inputs[0].bands[1].expression->format, "rio-calc");
  Input(item)["bands"][1].erase("format");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error band-expression-incomplete "
                          "/properties/mlm:input/0/bands/1"));
}

TEST(Mlm1xTest, ChoosesTheModelsAsset) {
  Json item = SmallItem();
  Json& assets = item["assets"];
  const Json script = {{"href", "./m.pt"},
                       {"roles", {"mlm:model"}},
                       {"mlm:artifact_type", "torch.jit.script"}};
  assets["a-code"] = {{"href", "./m.py"},
                      {"type", "text/x-python"},
                      {"roles", {"mlm:model", "mlm:source_code"}}};
  assets["b-weights"] = {{"href", "./m.pth"},
                         {"roles", {"mlm:model"}},
                         {"mlm:artifact_type", "torch.save"}};
  EXPECT_EQ(Read(item).artifact.asset_key, "model");
  assets["c-compiled"] = script;
  assets["c-compiled"]["roles"].push_back("mlm:compiled");
  EXPECT_EQ(Read(item).artifact.asset_key, "c-compiled");
  assets.erase("model");
  assets["d-compiled"] = assets["c-compiled"];
  const Model model = Read(item);
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("error artifact-ambiguous /assets"));
  EXPECT_THAT(model.diagnostics[0].text,
              ::testing::HasSubstr("c-compiled, d-compiled"));
}

TEST(Mlm1xTest, SaysWhenThereIsNoModelAmongTheAssets) {
  Json item = SmallItem();
  item["assets"]["model"]["roles"] = {"data"};
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("warning artifact-role-missing /assets"));
  item["assets"]["model"].erase("mlm:artifact_type");
  EXPECT_THAT(Codes(Read(item).diagnostics),
              ElementsAre("error artifact-missing /assets"));
}

TEST(Mlm1xTest, ReadsSizeAndChecksum) {
  Json item = SmallItem();
  Json& asset = item["assets"]["model"];
  asset["file:size"] = 1234.0;
  asset["file:checksum"] = "1220" + std::string(64, 'A');
  const Model model = Read(item);
  EXPECT_THAT(Codes(model.diagnostics), IsEmpty());
  EXPECT_EQ(model.artifact.size_bytes, 1234);
  EXPECT_EQ(model.artifact.sha256, std::string(64, 'a'));

  asset["file:checksum"] = "1220abc";
  EXPECT_THAT(
      Codes(Read(item).diagnostics),
      ElementsAre("error checksum-invalid /assets/model/file:checksum"));
  asset["file:checksum"] = "1114" + std::string(40, 'a');
  EXPECT_THAT(
      Codes(Read(item).diagnostics),
      ElementsAre("error checksum-not-served /assets/model/file:checksum"));
}

TEST(Mlm1xTest, RefusesALocalArtifactOfARemoteItem) {
  Json item = SmallItem();
  item["assets"]["model"]["href"] = "file:///etc/passwd";
  ReadOptions options;
  options.href = "https://example.com/item.json";
  ASSERT_OK_AND_ASSIGN(const Model model, ReadModelItem(item.dump(), options));
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("error artifact-href /assets/model/href"));
  EXPECT_EQ(model.artifact.href, "");
}

TEST(Mlm1xTest, ReadsAccelerators) {
  const struct {
    Json written;
    const char* read;
    bool warned;
  } kCases[] = {{nullptr, "", false},      {"amd64", "cpu", false},
                {"cuda", "cuda", false},   {"cuda:0", "cuda", true},
                {"gpu", "cuda", true},     {"mps", "macos-arm", true},
                {"tpu-v9", "tpu-v9", true}};
  for (const auto& c : kCases) {
    Json item = SmallItem();
    Property(item, "mlm:accelerator") = c.written;
    const Model model = Read(item);
    EXPECT_EQ(model.accelerator, c.read) << c.written;
    EXPECT_EQ(!model.diagnostics.empty(), c.warned) << c.written;
  }
}

TEST(Mlm1xTest, LetsTheAssetOverrideTheItem) {
  Json item = SmallItem();
  Property(item, "mlm:batch_size_suggestion") = 4;
  Property(item, "mlm:accelerator") = "cuda";
  item["assets"]["model"]["mlm:batch_size_suggestion"] = 16;
  item["assets"]["model"]["mlm:accelerator"] = nullptr;
  const Model model = Read(item);
  EXPECT_EQ(model.batch_size_suggestion, 16);
  EXPECT_EQ(model.accelerator, "");
}

TEST(Mlm1xTest, ResolvesTaskAliases) {
  Json item = SmallItem();
  Property(item, "mlm:tasks") = {"Semantic Segmentation",
                                 "binary_classification", "object-segmentation",
                                 "generate-embeddings"};
  const Model model = Read(item);
  EXPECT_THAT(model.tasks,
              ElementsAre("semantic-segmentation", "instance-segmentation",
                          "generate-embeddings"));
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("info task-unknown /properties/mlm:tasks/3"));
}

TEST(Mlm1xTest, RepeatsWhatSpeaksOfQualityAndNothingElse) {
  Json item = SmallItem();
  Property(item, "pushbroom:limits") = {"not at night"};
  Property(item, "fair:metrics") = {{"f1", 0.5}};
  Property(item, "known_limitations") = "many";
  Property(item, "proj:code") = "EPSG:4326";
  const Json extra = Read(item).extra;
  EXPECT_EQ(extra.size(), 3u) << extra;
  EXPECT_EQ(extra["fair:metrics"]["f1"], 0.5);
}

TEST(Mlm1xTest, ReadsTheRecommendedContext) {
  Json item = SmallItem();
  item["bbox"] = {-90, -180, 90, 180};
  Model model = Read(item);
  EXPECT_THAT(model.bbox, ElementsAre(-180, -90, 180, 90));
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("warning bbox-swapped /bbox"));
  item["bbox"] = {4321000, 3210000, 4322000, 3211000};
  model = Read(item);
  EXPECT_THAT(model.bbox, IsEmpty());
  EXPECT_THAT(Codes(model.diagnostics),
              ElementsAre("warning bbox-unusable /bbox"));
}

TEST(Mlm1xTest, MakesAProcessIdOfTheItemsId) {
  Json item = SmallItem();
  item["id"] = "My model / v2";
  const Model model = Read(item);
  EXPECT_EQ(model.id, "My-model-v2");
  EXPECT_EQ(model.item_id, "My model / v2");
  item["id"] = "///";
  EXPECT_STATUS(TryRead(item), absl::StatusCode::kInvalidArgument, "///");
  item["id"] = 11234;
  EXPECT_EQ(Read(item).id, "11234");
}

TEST(Mlm1xTest, SurvivesEveryFieldHavingTheWrongType) {
  // Every member, at any depth, replaced by each of these: a diagnostic or an
  // error, never an exception.
  const Json flat = SmallItem().flatten();
  for (const auto& [pointer, unused] : flat.items()) {
    for (const Json& wrong :
         {Json(nullptr), Json(7), Json(-0.5), Json("x"), Json(true),
          Json::array(), Json::array({nullptr}), Json::object()}) {
      Json::json_pointer at(pointer);
      while (!at.empty()) {
        Json item = SmallItem();
        item[at] = wrong;
        auto model = TryRead(item);
        if (model.ok()) {
          EXPECT_OK(ModelFromJson(ToJson(*model)));
        }
        at = at.parent_pointer();
      }
    }
  }
}

}  // namespace
}  // namespace pushbroom::testing
