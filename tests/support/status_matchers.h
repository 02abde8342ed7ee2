// What tests say about absl::Status.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/core/base/status.h"

namespace pushbroom::testing {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace pushbroom::testing

#define EXPECT_OK(expr)                                             \
  do {                                                              \
    const auto& pb_r = (expr);                                      \
    EXPECT_TRUE(pb_r.ok()) << ::pushbroom::testing::StatusOf(pb_r); \
  } while (false)

#define ASSERT_OK(expr)                                             \
  do {                                                              \
    const auto& pb_r = (expr);                                      \
    ASSERT_TRUE(pb_r.ok()) << ::pushbroom::testing::StatusOf(pb_r); \
  } while (false)

/// The code, and a part of the message.
#define EXPECT_STATUS(expr, expected_code, substring)                          \
  do {                                                                         \
    const auto& pb_r = (expr);                                                 \
    const absl::Status& pb_s = ::pushbroom::testing::StatusOf(pb_r);           \
    EXPECT_EQ(pb_s.code(), expected_code) << pb_s;                             \
    EXPECT_THAT(std::string(pb_s.message()), ::testing::HasSubstr(substring)); \
  } while (false)

/// T v = value of expr, or the test ends.
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  ASSERT_OK_AND_ASSIGN_INNER(PB_CONCAT(pb_or_, __LINE__), lhs, expr)
#define ASSERT_OK_AND_ASSIGN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  ASSERT_TRUE(tmp.ok()) << tmp.status();           \
  lhs = std::move(tmp).value()
