// Attacks on our own server. Each was a fault of Pistache 0.0.5 as it comes.
#include <sys/resource.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/api/problem.h"
#include "service/core/base/json.h"
#include "service/core/jobs/memory_job_store.h"
#include "service/http/pistache_server.h"
#include "tests/functional/http_robustness/client.h"
#include "tests/support/status_matchers.h"

namespace pushbroom::testing {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

// CPU time of this process.
absl::Duration CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) +
         absl::DurationFromTimeval(usage.ru_stime);
}

class HttpRobustnessTest : public ::testing::Test {
 protected:
  HttpRobustnessTest()
      : store_(NewMemoryJobStore({}, Clock::System())),
        wakeup_(NewMemoryWakeup()) {}

  void SetUp() override { Start(HttpServerOptions()); }

  void Start(HttpServerOptions options) {
    server_.reset();
    options.port = 0;
    options.threads = 2;
    auto server = PistacheServer::Start(
        options, [this](const api::Request& r) { return Answer(r); },
        [this](const HttpAccess& access) {
          ++accesses_;
          last_status_ = access.status;
        },
        *store_, *wakeup_, Clock::System());
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  api::Answer Answer(const api::Request& request) {
    api::Response response;
    response.content_type = "text/plain";
    response.headers = {{"Location", "http://x/1"},
                        {"Preference-Applied", "p"}};
    if (request.path == "/echo") {
      const std::string* id = request.Query("id");
      response.body = id ? *id : "none";
    } else if (request.path == "/length") {
      response.body = absl::StrCat(request.body.size());
    } else if (request.path == "/big") {
      response.body.assign(size_t{64} << 20, 'x');
    } else if (request.path == "/json") {
      const auto json = ParseJson(request.body);
      return api::Render(
          api::PlainProblem(json.ok() ? 200 : 400,
                            json.ok() ? "fine" : json.status().message()),
          request);
    } else if (request.path == "/throw") {
      throw std::runtime_error("secret");
    } else if (request.path == "/throw-number") {
      throw 42;
    } else if (request.path == "/park") {
      return Park(*request.Query("id"));
    }
    return response;
  }

  // Parks on a new job; the answer is `id` once it has ended, 201 before.
  api::Answer Park(const std::string& id) {
    Job job;
    job.process_id = "echo";
    job.listed = false;
    const auto submitted = store_->Submit(job, "");
    ++waiting_jobs_;
    api::Parked parked;
    parked.job_id = submitted.ok() ? submitted->id : "";
    parked.deadline = absl::Now() + absl::Minutes(2);
    parked.done = [id](const absl::StatusOr<Job>& ended) {
      api::Response response;
      response.status = ended.ok() && IsFinal(ended->state) ? 200 : 201;
      response.content_type = "text/plain";
      response.body = id;
      return response;
    };
    return parked;
  }

  // Runs every job that is waiting; how many there were.
  int FinishJobs() {
    int count = 0;
    for (;;) {
      const auto leased = store_->Claim({"w", "default"});
      if (!leased.ok() || !*leased) return count;
      const std::string& id = (*leased)->job.id;
      if (store_->Succeed((*leased)->lease, JobResult()).ok()) ++count;
      --waiting_jobs_;
      wakeup_->Send(Hint{Hint::Kind::kFinished, id});
      // Forgotten some time after they were told: the store stays small.
      ended_.push_back(id);
      if (ended_.size() > 200) {
        EXPECT_OK(store_->Remove(ended_.front()));
        ended_.pop_front();
      }
    }
  }

  std::string Ask(const std::string& bytes) {
    Client client(server_->port());
    if (!client.Send(bytes)) return "";
    return client.Receive(kPatience);
  }

  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::deque<std::string> ended_;
  std::atomic<int> waiting_jobs_{0};
  std::atomic<int64_t> accesses_{0};
  std::atomic<int> last_status_{0};
  std::unique_ptr<PistacheServer> server_;
};

TEST_F(HttpRobustnessTest, OwnHeadersAndTheRequestIdArrive) {
  const std::string response =
      Ask(GetBytes("/echo?id=a", "X-Request-Id: req-7\r\n"));
  EXPECT_EQ(StatusOf(response), 200);
  EXPECT_THAT(response, HasSubstr("\r\nLocation: http://x/1\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nPreference-Applied: p\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nX-Request-Id: req-7\r\n"));
  EXPECT_EQ(BodyOf(response), "a");
}

TEST_F(HttpRobustnessTest, HeadHasTheLengthAndNoBodyAndTheConnectionGoesOn) {
  Client client(server_->port());
  ASSERT_TRUE(
      client.Send("HEAD /echo?id=four HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const std::string head = client.Receive(kPatience, /*head_request=*/true);
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 4\r\n"));
  ASSERT_TRUE(client.Send(GetBytes("/echo?id=next")));
  EXPECT_EQ(BodyOf(client.Receive(kPatience)), "next");
}

TEST_F(HttpRobustnessTest, AHandlerThatThrowsIsA500WithoutItsText) {
  for (const char* path : {"/throw", "/throw-number"}) {
    const std::string response = Ask(GetBytes(path));
    EXPECT_EQ(StatusOf(response), 500);
    EXPECT_THAT(response, ::testing::Not(HasSubstr("secret")));
  }
}

TEST_F(HttpRobustnessTest, EveryMethodIsAnswered) {
  for (const char* method : {"BREW", "PATCH", "TRACE", "PROPFIND", "OPTIONS"}) {
    EXPECT_EQ(StatusOf(Ask(absl::StrCat(
                  method, " /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"))),
              200)
        << method;
  }
}

// The main claim. Aborting clients free descriptors while answers for them are
// queued; as Pistache comes, others receive those answers.
TEST_F(HttpRobustnessTest, NoAnswerReachesAnotherClientWhileClientsAbort) {
  constexpr int kVictims = 6;
  constexpr int kAborters = 4;
  constexpr int kRequests = 30'000;
  std::atomic<int> next{0}, good{0}, foreign{0}, lost{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  const int port = server_->port();
  const absl::Time deadline = absl::Now() + absl::Minutes(2);
  for (int v = 0; v < kVictims; ++v) {
    threads.emplace_back([&, v] {
      std::unique_ptr<Client> client;
      int i;
      while ((i = next++) < kRequests && absl::Now() < deadline) {
        const std::string id = absl::StrCat("victim-", v, "-", i);
        // Some connections live for a while, most for one request.
        if (!client || i % 4 != 0) client = std::make_unique<Client>(port);
        const bool parks = i % 2 == 0;
        if (!client->connected() ||
            !client->Send(GetBytes(
                absl::StrCat(parks ? "/park?id=" : "/echo?id=", id)))) {
          ++lost;
          client.reset();
          continue;
        }
        const std::string response = client->Receive(kPatience);
        if (response.empty()) {
          ++lost;
          client.reset();
        } else if (BodyOf(response) == id) {
          ++good;
        } else {
          ++foreign;
        }
      }
    });
  }
  std::vector<std::thread> others;
  for (int a = 0; a < kAborters; ++a) {
    others.emplace_back([&, a] {
      std::minstd_rand random(static_cast<unsigned>(a));
      for (int i = 0; !over; ++i) {
        Client client(port);
        if (!client.connected()) continue;
        const std::string id = absl::StrCat("aborter-", a, "-", i);
        // Not more jobs than are finished as fast as they are made.
        client.Send(GetBytes(
            absl::StrCat(waiting_jobs_ < 50 ? "/park?id=" : "/echo?id=", id)));
        // Leaves about when the answer comes.
        client.AwaitReadable(absl::Microseconds(random() % 1500));
        if (random() % 2) client.Abort();
      }
    });
  }
  others.emplace_back([&] {
    while (!over) {
      if (FinishJobs() == 0) std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  over = true;
  for (std::thread& thread : others) thread.join();
  EXPECT_EQ(foreign, 0);
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(good, kRequests);
}

TEST_F(HttpRobustnessTest, AReaderThatStallsNeitherSpinsNorStopsOthers) {
  std::vector<std::unique_ptr<Client>> stalled;
  for (int i = 0; i < 2; ++i) {  // one for each thread
    stalled.push_back(std::make_unique<Client>(server_->port(), 4096));
    ASSERT_TRUE(stalled.back()->Send(GetBytes("/big")));
  }
  const absl::Duration cpu_before = CpuTime();
  const absl::Time start = absl::Now();
  // The threads are busy with the stalled readers for two seconds at most.
  for (int i = 0; i < 20; ++i) {
    Client client(server_->port());
    ASSERT_TRUE(client.Send(GetBytes(absl::StrCat("/echo?id=", i))));
    EXPECT_EQ(BodyOf(client.Receive(kPatience)), absl::StrCat(i));
  }
  const absl::Duration waited = absl::Now() - start;
  EXPECT_LT(waited, absl::Seconds(15));
  EXPECT_LT(CpuTime() - cpu_before, waited / 2 + absl::Seconds(1));
}

TEST_F(HttpRobustnessTest, ADepthBombIsABadRequest) {
  std::string bomb(200'000, '[');
  EXPECT_EQ(StatusOf(Ask(PostBytes("/json", bomb))), 400);
}

TEST_F(HttpRobustnessTest, ABodyAboveTheLimitIsRefusedAndTheConnectionEnds) {
  Client client(server_->port());
  const absl::Duration cpu_before = CpuTime();
  client.Send(PostBytes("/length", std::string(2 << 20, 'a')));
  const std::string response = client.Receive(kPatience);
  EXPECT_EQ(StatusOf(response), 413);
  EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.AtEnd(kPatience));
  EXPECT_LT(CpuTime() - cpu_before, absl::Seconds(2));
}

TEST_F(HttpRobustnessTest, ARequestInsideARefusedBodyIsNotServed) {
  Client client(server_->port());
  ASSERT_TRUE(client.Send(
      absl::StrCat("POST /length HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Length: 3000000\r\n\r\n",
                   std::string(70'000, 'a'), GetBytes("/echo?id=smuggled"))));
  EXPECT_EQ(StatusOf(client.Receive(kPatience)), 413);
  EXPECT_EQ(client.Receive(kPatience), "");
}

TEST_F(HttpRobustnessTest, ABodyAtTheLimitIsServed) {
  EXPECT_EQ(BodyOf(Ask(PostBytes("/length", std::string(1 << 20, 'a')))),
            absl::StrCat(1 << 20));
}

TEST_F(HttpRobustnessTest, GarbageIsRefusedAndTheServerGoesOn) {
  for (const char* bytes :
       {"\x16\x03\x01\x02garbage\r\n\r\n", "GET /echo\r\n\r\n",
        "POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_EQ(StatusOf(Ask(bytes)), 400) << bytes;
  }
  EXPECT_EQ(BodyOf(Ask(GetBytes("/echo?id=alive"))), "alive");
}

TEST_F(HttpRobustnessTest, APipelinedRequestIsNotAnsweredAndTheClientKnows) {
  Client client(server_->port());
  ASSERT_TRUE(client.Send(GetBytes("/echo?id=1") + GetBytes("/echo?id=2")));
  const std::string response = client.Receive(kPatience);
  EXPECT_EQ(BodyOf(response), "1");
  EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.AtEnd(kPatience));
}

TEST_F(HttpRobustnessTest, ASlowHeadIsCutOff) {
  HttpServerOptions options;
  options.connection_timeout = absl::Seconds(1);
  Start(options);
  Client client(server_->port());
  ASSERT_TRUE(client.Send("GET /echo HTTP/1.1\r\nHost: x\r\nX-Slow: "));
  EXPECT_TRUE(client.AtEnd(kPatience));
}

TEST_F(HttpRobustnessTest, AFullParkingLotIsServiceUnavailable) {
  HttpServerOptions options;
  options.parking.capacity = 0;
  Start(options);
  const std::string response = Ask(GetBytes("/park?id=x"));
  EXPECT_EQ(StatusOf(response), 503);
  EXPECT_THAT(response, HasSubstr("\r\nRetry-After: "));
}

TEST_F(HttpRobustnessTest, DrainingAnswersWhoIsParkedAndRefusesTheRest) {
  Client waiting(server_->port());
  ASSERT_TRUE(waiting.Send(GetBytes("/park?id=parked")));
  const absl::Time deadline = absl::Now() + kPatience;
  while (server_->in_flight() == 0 && absl::Now() < deadline) {
    std::this_thread::yield();
  }
  ASSERT_EQ(server_->in_flight(), 1);
  EXPECT_TRUE(server_->Drain(kPatience));
  const std::string parked = waiting.Receive(kPatience);
  EXPECT_EQ(StatusOf(parked), 201);
  EXPECT_EQ(BodyOf(parked), "parked");
  EXPECT_EQ(StatusOf(Ask(GetBytes("/echo?id=late"))), 503);
}

TEST_F(HttpRobustnessTest, ATakenPortIsAnError) {
  HttpServerOptions options;
  options.port = server_->port();
  const auto second = PistacheServer::Start(
      options, [this](const api::Request& r) { return Answer(r); }, nullptr,
      *store_, *wakeup_, Clock::System());
  EXPECT_STATUS(second, absl::StatusCode::kUnavailable, "cannot listen on");
}

TEST_F(HttpRobustnessTest, EveryAnswerIsToldToTheObserver) {
  Ask(GetBytes("/echo?id=1"));
  Ask("nonsense\r\n\r\n");
  const absl::Time deadline = absl::Now() + kPatience;
  while (accesses_ < 2 && absl::Now() < deadline) std::this_thread::yield();
  EXPECT_EQ(accesses_, 2);
  EXPECT_EQ(last_status_, 400);
}

}  // namespace
}  // namespace pushbroom::testing
