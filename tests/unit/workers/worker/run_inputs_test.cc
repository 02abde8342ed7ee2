#include "workers/run_inputs.h"

#include "service/core/base/status.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

class RunInputsTest : public ::testing::Test {
 protected:
  absl::Status Apply(const std::string& text) {
    return ApplyInput(text, {"red", "nir"}, request_);
  }
  ExecuteRequest request_;
};

TEST_F(RunInputsTest, ReadsABboxWithAndWithoutCrs) {
  ASSERT_OK(Apply("bbox=1,2,3.5,4"));
  EXPECT_EQ(request_.bbox->max_x, 3.5);
  EXPECT_EQ(request_.bbox->crs, kCrs84);
  ASSERT_OK(Apply("bbox=500000,4000000,500100,4000100,EPSG:32631"));
  EXPECT_EQ(request_.bbox->min_x, 500000);
  ASSERT_OK_AND_ASSIGN(const int code, EpsgFromCrs(request_.bbox->crs));
  EXPECT_EQ(code, 32631);
  ASSERT_OK(Apply("bbox=[1, 2, 3, 4]"));
  EXPECT_EQ(request_.bbox->max_y, 4);
}

TEST_F(RunInputsTest, RefusesABboxThatIsNone) {
  EXPECT_STATUS(Apply("bbox=1,2,3"), absl::StatusCode::kInvalidArgument,
                "w,s,e,n");
  EXPECT_STATUS(Apply("bbox=1,2,x,4"), absl::StatusCode::kInvalidArgument,
                "w,s,e,n");
}

TEST_F(RunInputsTest, ReadsBandsInEveryForm) {
  ASSERT_OK(Apply(R"(bands={"red":"B04","nir":{"asset":"image","band":4}})"));
  EXPECT_EQ(request_.bands["red"].asset, "B04");
  EXPECT_EQ(request_.bands["nir"].band, 4);
  ASSERT_OK(Apply(R"(bands=["image:3",8])"));
  EXPECT_EQ(request_.bands["red"].asset, "image");
  EXPECT_EQ(request_.bands["red"].band, 3);
  EXPECT_EQ(request_.bands["nir"].band, 8);
  EXPECT_STATUS(Apply("bands=[1]"), absl::StatusCode::kInvalidArgument,
                "all 2 bands");
  EXPECT_STATUS(Apply("bands=[0,1]"), absl::StatusCode::kInvalidArgument,
                "begin with 1");
}

TEST_F(RunInputsTest, ReadsNumbersAndChoices) {
  ASSERT_OK(Apply("overlap=32"));
  ASSERT_OK(Apply("resolution=0.5"));
  ASSERT_OK(Apply("probabilities=true"));
  ASSERT_OK(Apply("radiometry=none"));
  ASSERT_OK(Apply(R"(radiometry={"scale":0.0001})"));
  EXPECT_EQ(request_.overlap, 32);
  EXPECT_EQ(request_.resolution, 0.5);
  EXPECT_TRUE(request_.probabilities);
  EXPECT_EQ(request_.radiometry, "none");
  EXPECT_EQ(request_.radiometry_scale, 0.0001);
}

TEST_F(RunInputsTest, NamesTheInputThatIsWrong) {
  EXPECT_STATUS(Apply("overlap=many"), absl::StatusCode::kInvalidArgument,
                "input overlap: expected an integer, got \"many\"");
  EXPECT_STATUS(Apply("colour=red"), absl::StatusCode::kInvalidArgument,
                "no such input");
  EXPECT_STATUS(Apply("overlap"), absl::StatusCode::kInvalidArgument,
                "NAME=VALUE");
  EXPECT_STATUS(Apply("item_id=a/b"), absl::StatusCode::kInvalidArgument,
                "an id");
}

}  // namespace
}  // namespace pushbroom
