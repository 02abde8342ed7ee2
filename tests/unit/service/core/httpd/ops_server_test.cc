#include "service/core/httpd/ops_server.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"

namespace pushbroom {
namespace {

using testing::Fetch;
using ::testing::HasSubstr;

TEST(OpsServerTest, ReadinessSaysWhyNot) {
  Metrics metrics;
  std::atomic<bool> draining{false};
  OpsServer::Options options;
  options.ready = {{"store", [] { return absl::OkStatus(); }},
                   {"drain", [&draining] {
                      return draining ? absl::UnavailableError("draining")
                                      : absl::OkStatus();
                    }}};
  auto ops = OpsServer::Start(options, metrics);
  ASSERT_OK(ops);
  const int port = (*ops)->port();
  EXPECT_EQ(Fetch(port, "GET", "/readyz").status, 200);
  EXPECT_EQ(Fetch(port, "GET", "/readyz").body, "ok\n");
  EXPECT_EQ(Fetch(port, "GET", "/readyz?verbose").body,
            "store: ok\ndrain: ok\n");
  draining = true;
  EXPECT_EQ(Fetch(port, "GET", "/readyz").status, 503);
  EXPECT_EQ(Fetch(port, "GET", "/readyz").body, "drain: draining\n");
  EXPECT_EQ(Fetch(port, "GET", "/readyz?verbose").body,
            "store: ok\ndrain: draining\n");
  // Being unready is no reason to be killed.
  EXPECT_EQ(Fetch(port, "GET", "/livez").status, 200);
  EXPECT_EQ(Fetch(port, "GET", "/startupz").status, 200);
}

TEST(OpsServerTest, ShowsTheMetrics) {
  Metrics metrics;
  metrics.Add(Counter::kJobsFinished, {"echo", "successful"});
  auto ops = OpsServer::Start({}, metrics);
  ASSERT_OK(ops);
  const auto response = Fetch((*ops)->port(), "GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), Metrics::kContentType);
  EXPECT_THAT(response.body,
              HasSubstr("pushbroom_jobs_finished_total{process=\"echo\","
                        "state=\"successful\"} 1"));
}

TEST(OpsServerTest, RefusesOtherPathsAndMethods) {
  Metrics metrics;
  auto ops = OpsServer::Start({}, metrics);
  ASSERT_OK(ops);
  EXPECT_EQ(Fetch((*ops)->port(), "GET", "/").status, 404);
  EXPECT_EQ(Fetch((*ops)->port(), "GET", "/metrics/../livez").status, 404);
  const auto response =
      Fetch((*ops)->port(), "POST", "/livez", "Content-Length: 0\r\n");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace pushbroom
