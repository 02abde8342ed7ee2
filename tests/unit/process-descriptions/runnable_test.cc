#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "process-descriptions/describe.h"
#include "tests/unit/process-descriptions/model_items.h"

namespace pushbroom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kIn = "/properties/mlm:input";
const std::string kOut = "/properties/mlm:output";

std::vector<std::string> Refused(const Json& item) {
  return Codes(CheckRunnable(Read(item)));
}

TEST(RunnableTest, ServesAClassRaster) {
  EXPECT_THAT(Refused(SmallItem()), IsEmpty());
  Json item = SmallItem();  // dims in another order, sizes free, half floats
  Input(item)["input"] = {{"shape", {-1, -1, -1, 3}},
                          {"dim_order", {"batch", "y", "x", "channel"}},
                          {"data_type", "float16"}};
  Output(item)["result"]["dim_order"][1] = "bands";
  EXPECT_THAT(Refused(item), IsEmpty());
  item = SmallItem();  // one channel, cut by a threshold
  Output(item)["result"]["shape"][1] = 1;
  EXPECT_THAT(Refused(item), IsEmpty());
}

TEST(RunnableTest, RefusesOtherOutputs) {
  const struct {
    const char* why;
    Json dims, shape;
  } kCases[] = {
      {"a label per tile", {"batch", "class"}, {-1, 2}},
      {"values", {"batch", "height", "width"}, {-1, 64, 64}},
      {"an embedding", {"batch", "embedding"}, {-1, 512}},
      {"detections", {"detections", "values"}, {-1, 6}},
  };
  for (const auto& c : kCases) {
    Json item = SmallItem();
    Output(item)["result"]["dim_order"] = c.dims;
    Output(item)["result"]["shape"] = c.shape;
    EXPECT_THAT(Refused(item), ElementsAre("error output-not-served " + kOut +
                                           "/0/result/dim_order"))
        << c.why;
  }
  Json labels = SmallItem();  // one channel of integers
  Output(labels)["result"]["shape"][1] = 1;
  Output(labels)["result"]["data_type"] = "uint8";
  EXPECT_THAT(Refused(labels), ElementsAre("error output-not-served " + kOut +
                                           "/0/result/dim_order"));
  Json two = SmallItem();
  Property(two, "mlm:output").push_back(Output(two));
  EXPECT_THAT(Refused(two), ElementsAre("error output-not-served " + kOut));
}

TEST(RunnableTest, RefusesRegressionPerPixel) {
  Json item = SmallItem();
  Property(item, "mlm:tasks") = {"regression"};
  Output(item)["tasks"] = {"regression"};
  Output(item).erase("classification:classes");
  Output(item)["result"]["dim_order"][1] = "bands";
  EXPECT_THAT(Refused(item), ElementsAre("error output-not-served " + kOut +
                                         "/0/result/dim_order"));
}

TEST(RunnableTest, RefusesClassesThatAByteCannotHold) {
  Json item = SmallItem();
  Output(item)["classification:classes"][1]["value"] = 256;
  EXPECT_THAT(Refused(item), ElementsAre("error output-not-served " + kOut +
                                         "/0/classification:classes"));
}

TEST(RunnableTest, RefusesOtherInputs) {
  Json second = SmallItem();
  Property(second, "mlm:input").push_back(Input(second));
  EXPECT_THAT(Refused(second), ElementsAre("error input-not-served " + kIn));

  Json time = SmallItem();
  Input(time)["input"]["dim_order"] = {"time", "bands", "height", "width"};
  EXPECT_THAT(Refused(time), ElementsAre("error input-not-served " + kIn +
                                         "/0/input/dim_order"));
  Json oblong = SmallItem();
  Input(oblong)["input"]["shape"][3] = 128;
  EXPECT_THAT(Refused(oblong),
              ElementsAre("error input-not-served " + kIn + "/0/input/shape"));
  Json dates = SmallItem();
  Input(dates)["bands"][2] = "red";
  EXPECT_THAT(Refused(dates),
              ElementsAre("error input-not-served " + kIn + "/0/bands"));
  Json complex = SmallItem();
  Input(complex)["input"]["data_type"] = "cfloat32";
  EXPECT_THAT(Refused(complex), ElementsAre("error input-not-served " + kIn +
                                            "/0/input/data_type"));
}

TEST(RunnableTest, RefusesExpressionsAndResizing) {
  const Json function = {{"format", "python"}, {"expression", "a.b:c"}};
  Json item = SmallItem();
  Input(item)["bands"][1] = {
      {"name", "ndvi"}, {"format", "rio-calc"}, {"expression", "x"}};
  Input(item)["pre_processing_function"] = function;
  Input(item)["resize_type"] = "interpolation-linear";
  Output(item)["post_processing_function"] = Json::array({function, function});
  EXPECT_THAT(
      Refused(item),
      ElementsAre(
          "error expression-not-served " + kIn + "/0/bands/1",
          "error expression-not-served " + kIn + "/0/pre_processing_function",
          "error expression-not-served " + kOut + "/0/post_processing_function",
          "error expression-not-served " + kOut + "/0/post_processing_function",
          "error resize-not-served " + kIn + "/0/resize_type"));
}

TEST(RunnableTest, AsksTheArtifactBeforeTheFramework) {
  Json item = SmallItem();
  Property(item, "mlm:framework") = "TensorFlow";
  EXPECT_THAT(Refused(item), IsEmpty()) << "the artifact is TorchScript";
  item["assets"]["model"].erase("mlm:artifact_type");
  EXPECT_THAT(Refused(item), ElementsAre("error framework-not-served "
                                         "/properties/mlm:framework"));
  Property(item, "mlm:framework") = "pytorch";
  EXPECT_THAT(Refused(item), IsEmpty()) << "its archive will tell";
  item["assets"]["model"]["mlm:artifact_type"] = "torch.save";
  EXPECT_THAT(Refused(item), ElementsAre("error framework-not-served "
                                         "/assets/model/mlm:artifact_type"));
}

TEST(RunnableTest, RefusesADeviceThatTheModelInsistsOn) {
  Json item = SmallItem();
  Property(item, "mlm:accelerator") = "cuda";
  EXPECT_THAT(Refused(item), IsEmpty()) << "a wish";
  Property(item, "mlm:accelerator_constrained") = true;
  EXPECT_THAT(Refused(item), ElementsAre("error accelerator-not-available "
                                         "/properties/mlm:accelerator"));
  Property(item, "mlm:accelerator") = "amd64";
  EXPECT_THAT(Refused(item), IsEmpty());
}

}  // namespace
}  // namespace pushbroom::testing
