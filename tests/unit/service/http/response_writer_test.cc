#include "service/http/response_writer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pushbroom {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

api::Response Hello() {
  api::Response response;
  response.content_type = "text/plain";
  response.body = "hello";
  return response;
}

TEST(ResponseWriterTest, WritesStatusFieldsAndBody) {
  api::Response response = Hello();
  response.status = 201;
  response.headers = {{"Location", "http://x/jobs/1"}};
  ResponseFrame frame;
  frame.request_id = "r1";
  frame.now = absl::FromUnixSeconds(0);
  const std::string bytes = SerializeResponse(response, frame);
  EXPECT_THAT(bytes, StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_THAT(bytes, HasSubstr("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
  EXPECT_THAT(bytes, HasSubstr("\r\nLocation: http://x/jobs/1\r\n"));
  EXPECT_THAT(bytes, HasSubstr("\r\nX-Request-Id: r1\r\n"));
  EXPECT_THAT(bytes, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(bytes, EndsWith("\r\n\r\nhello"));
}

TEST(ResponseWriterTest, HeadTellsTheLengthAndHasNoBody) {
  ResponseFrame frame;
  frame.head_only = true;
  const std::string bytes = SerializeResponse(Hello(), frame);
  EXPECT_THAT(bytes, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(bytes, EndsWith("\r\n\r\n"));
}

TEST(ResponseWriterTest, NoContentHasNoLength) {
  api::Response response;
  response.status = 204;
  const std::string bytes = SerializeResponse(response, {});
  EXPECT_THAT(bytes, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(bytes, EndsWith("\r\n\r\n"));
}

TEST(ResponseWriterTest, NoValueCanAddAField) {
  api::Response response = Hello();
  response.headers = {{"Location", "a\r\nSet-Cookie: x"}};
  EXPECT_THAT(SerializeResponse(response, {}),
              HasSubstr("\r\nLocation: aSet-Cookie: x\r\n"));
}

TEST(ResponseWriterTest, SaysWhetherTheConnectionStays) {
  ResponseFrame frame;
  frame.keep_alive = false;
  EXPECT_THAT(SerializeResponse(Hello(), frame),
              HasSubstr("\r\nConnection: close\r\n"));
}

}  // namespace
}  // namespace pushbroom
