#include "service/core/httpd/http_range.h"

#include <gtest/gtest.h>

#include <string>

namespace pushbroom {
namespace {

std::string Shown(const ByteRange& range) {
  const std::string bounds =
      std::to_string(range.begin) + "-" + std::to_string(range.end);
  switch (range.kind) {
    case ByteRange::Kind::kWhole:
      return "whole " + bounds;
    case ByteRange::Kind::kPart:
      return "part " + bounds;
    case ByteRange::Kind::kUnsatisfiable:
      return "unsatisfiable";
  }
  return "";
}

TEST(HttpRangeTest, ReadsOneRange) {
  EXPECT_EQ(Shown(ParseRange("bytes=0-9", 100)), "part 0-10");
  EXPECT_EQ(Shown(ParseRange("bytes=90-", 100)), "part 90-100");
  EXPECT_EQ(Shown(ParseRange("bytes=99-99", 100)), "part 99-100");
  EXPECT_EQ(Shown(ParseRange("bytes=50-500", 100)), "part 50-100");
  EXPECT_EQ(Shown(ParseRange("bytes=-10", 100)), "part 90-100");
  EXPECT_EQ(Shown(ParseRange("bytes=-500", 100)), "part 0-100");
  EXPECT_EQ(Shown(ParseRange(" Bytes=1-2", 100)), "part 1-3");
}

TEST(HttpRangeTest, ARangeBehindTheEndIsUnsatisfiable) {
  EXPECT_EQ(Shown(ParseRange("bytes=100-", 100)), "unsatisfiable");
  EXPECT_EQ(Shown(ParseRange("bytes=100-200", 100)), "unsatisfiable");
  EXPECT_EQ(Shown(ParseRange("bytes=-0", 100)), "unsatisfiable");
  EXPECT_EQ(Shown(ParseRange("bytes=0-", 0)), "unsatisfiable");
  EXPECT_EQ(Shown(ParseRange("bytes=99999999999999999999-", 100)),
            "unsatisfiable");
}

TEST(HttpRangeTest, WhatIsNotUnderstoodGetsTheWhole) {
  for (const char* header :
       {"", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,4-5",
        "lines=1-2", "bytes 1-2", "bytes=--1", "bytes=1", "bytes=+1-2"}) {
    EXPECT_EQ(Shown(ParseRange(header, 100)), "whole 0-100") << header;
  }
}

TEST(HttpRangeTest, HugeNumbersDoNotWrap) {
  EXPECT_EQ(Shown(ParseRange("bytes=0-9223372036854775807", 100)),
            "part 0-100");
  EXPECT_EQ(Shown(ParseRange("bytes=1-99999999999999999999", 100)),
            "part 1-100");
  EXPECT_EQ(Shown(ParseRange("bytes=-99999999999999999999", 100)),
            "part 0-100");
}

}  // namespace
}  // namespace pushbroom
