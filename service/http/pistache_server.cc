#include "service/http/pistache_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "pistache/endpoint.h"
#include "pistache/peer.h"
#include "service/api/problem.h"
#include "service/core/base/ids.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "service/http/accept_wrap.h"
#include "service/http/request_reader.h"
#include "service/http/response_writer.h"

namespace pushbroom {
namespace {

using Peer = Pistache::Tcp::Peer;

constexpr char kConnectionData[] = "pushbroom.connection";
// What a client may still send after it was refused; then it is cut off.
constexpr int64_t kMaxDiscarded = int64_t{8} << 20;

// What we know of one connection. The reader belongs to the connection's
// thread; the flags are shared with whoever answers.
struct Connection {
  explicit Connection(const ReaderLimits& limits) : reader(limits) {}
  RequestReader reader;
  std::atomic<bool> busy{false};     // a request is being answered
  std::atomic<bool> surplus{false};  // bytes came that are not served
  std::atomic<bool> closing{false};  // the last answer was sent
  int64_t discarded = 0;
};

}  // namespace

// State that handlers of all threads share.
class PistacheServer::Impl {
 public:
  Impl(const HttpServerOptions& options, Handler handler, OnAccess on_access,
       const Clock& clock)
      : options_(options),
        limits_{32 << 10, 8 << 10, options.max_body_bytes},
        handler_(std::move(handler)),
        on_access_(std::move(on_access)),
        clock_(clock) {}

  absl::Status Listen(JobStore& store, Wakeup& wakeup);
  void Stop();
  bool Drain(absl::Duration timeout);

  void OnConnection(const std::shared_ptr<Peer>& peer);
  void OnInput(absl::string_view bytes, const std::shared_ptr<Peer>& peer);

  int port() const { return port_; }
  int64_t in_flight() const {
    absl::MutexLock lock(&mutex_);
    return in_flight_;
  }

 private:
  // How one answer finds its way back. Copied into parked answers.
  struct Way {
    std::weak_ptr<Peer> peer;
    std::shared_ptr<Connection> connection;
    ResponseFrame frame;
    HttpAccess access;
    absl::Time start;
  };

  void Refuse(const std::shared_ptr<Peer>& peer,
              const std::shared_ptr<Connection>& connection);
  void Serve(const std::shared_ptr<Peer>& peer,
             const std::shared_ptr<Connection>& connection);
  api::Answer Ask(const api::Request& request) const;
  void Send(Way way, const api::Response& response);
  static void Write(const std::shared_ptr<Peer>& peer, std::string bytes,
                    bool close_after);

  const HttpServerOptions options_;
  const ReaderLimits limits_;
  const Handler handler_;
  const OnAccess on_access_;
  const Clock& clock_;
  std::unique_ptr<ParkingLot> lot_;
  std::unique_ptr<Pistache::Http::Endpoint> endpoint_;
  int port_ = 0;
  std::atomic<bool> draining_{false};
  mutable absl::Mutex mutex_;
  int64_t in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

// What Pistache calls. One copy for each of its threads.
class Bridge final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(Bridge)

  // Takes the two functions that the server gives it.
  using OnConnection = std::function<void(const std::shared_ptr<Peer>&)>;
  using OnBytes =
      std::function<void(absl::string_view, const std::shared_ptr<Peer>&)>;
  Bridge(OnConnection on_connection, OnBytes on_bytes)
      : on_connection_(std::move(on_connection)),
        on_bytes_(std::move(on_bytes)) {}

  void onConnection(const std::shared_ptr<Peer>& peer) override {
    on_connection_(peer);
  }
  void onInput(const char* buffer, size_t length,
               const std::shared_ptr<Peer>& peer) override {
    try {
      on_bytes_(absl::string_view(buffer, length), peer);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "a connection failed", {{"error", error.what()}});
      ::shutdown(peer->fd(), SHUT_RDWR);
    } catch (...) {
      // Anything that leaves here ends the process.
      ::shutdown(peer->fd(), SHUT_RDWR);
    }
  }
  // Never reached: its caller is the parser that onInput replaces.
  void onRequest(const Pistache::Http::Request&,
                 Pistache::Http::ResponseWriter) override {}

 private:
  OnConnection on_connection_;
  OnBytes on_bytes_;
};

}  // namespace

absl::Status PistacheServer::Impl::Listen(JobStore& store, Wakeup& wakeup) {
  PrepareForConnections();
  PB_ASSIGN_OR_RETURN(
      lot_, ParkingLot::Open(options_.parking, store, wakeup, clock_));
  const std::string where = absl::StrCat(options_.bind, ":", options_.port);
  if (options_.port < 0 || options_.port > 65'535) {
    return absl::InvalidArgumentError(
        absl::StrCat("port ", options_.port, " is not between 0 and 65535"));
  }
  try {
    const Pistache::Address address(
        options_.bind, Pistache::Port(static_cast<uint16_t>(options_.port)));
    const auto timeout =
        absl::ToChronoMilliseconds(options_.connection_timeout);
    endpoint_ = std::make_unique<Pistache::Http::Endpoint>(address);
    endpoint_->init(Pistache::Http::Endpoint::options()
                        .threads(std::max(2, options_.threads))
                        .threadsName("http")
                        .keepaliveTimeout(timeout)
                        .headerTimeout(timeout)
                        .bodyTimeout(timeout)
                        .flags(Pistache::Tcp::Options::ReuseAddr |
                               Pistache::Tcp::Options::NoDelay |
                               Pistache::Tcp::Options::CloseOnExec));
    endpoint_->setHandler(std::make_shared<Bridge>(
        [this](const std::shared_ptr<Peer>& peer) { OnConnection(peer); },
        [this](absl::string_view bytes, const std::shared_ptr<Peer>& peer) {
          OnInput(bytes, peer);
        }));
    endpoint_->serveThreaded();
    port_ = static_cast<uint16_t>(endpoint_->getPort());
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", where, ": ", error.what()));
  }
  return absl::OkStatus();
}

void PistacheServer::Impl::Stop() {
  draining_ = true;
  // Parked answers are sent while the threads still run.
  if (lot_) lot_->Close();
  if (endpoint_) {
    try {
      endpoint_->shutdown();
    } catch (const std::exception& error) {
      Log(LogLevel::kWarning, "the http server did not stop cleanly",
          {{"error", error.what()}});
    }
    endpoint_.reset();
  }
}

bool PistacheServer::Impl::Drain(absl::Duration timeout) {
  draining_ = true;
  if (lot_) lot_->Close();
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return in_flight_ == 0;
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&idle), timeout);
}

void PistacheServer::Impl::OnConnection(const std::shared_ptr<Peer>& peer) {
  // Pistache's clock for idle connections lives in its parser.
  peer->putData(Pistache::Http::Handler::ParserData,
                std::make_shared<Pistache::Http::RequestParser>(1));
  peer->putData(kConnectionData, std::make_shared<Connection>(limits_));
  // Idle for Pistache means: may be closed without its own 408.
  peer->setIdle(true);
}

void PistacheServer::Impl::OnInput(absl::string_view bytes,
                                   const std::shared_ptr<Peer>& peer) {
  const auto connection =
      std::static_pointer_cast<Connection>(peer->getData(kConnectionData));
  if (connection->closing) {
    connection->discarded += static_cast<int64_t>(bytes.size());
    if (connection->discarded > kMaxDiscarded) {
      ::shutdown(peer->fd(), SHUT_RDWR);
    }
    return;
  }
  if (connection->busy) {
    // A pipelined request: the answer under way will end the connection.
    connection->surplus = true;
    return;
  }
  switch (connection->reader.Feed(bytes)) {
    case RequestReader::State::kMore:
      if (connection->reader.TakeContinue()) {
        Write(peer, "HTTP/1.1 100 Continue\r\n\r\n", false);
      }
      return;
    case RequestReader::State::kRefused:
      Refuse(peer, connection);
      return;
    case RequestReader::State::kDone:
      Pistache::Http::Handler::getParser(peer)->reset();
      Serve(peer, connection);
      return;
  }
}

void PistacheServer::Impl::Refuse(
    const std::shared_ptr<Peer>& peer,
    const std::shared_ptr<Connection>& connection) {
  const RequestReader& reader = connection->reader;
  Way way;
  way.peer = peer;
  way.connection = connection;
  way.frame.keep_alive = false;
  way.frame.request_id = NewUuid();
  way.access.request_id = way.frame.request_id;
  way.start = absl::Now();
  {
    absl::MutexLock lock(&mutex_);
    ++in_flight_;
  }
  api::Request request;
  request.request_id = way.frame.request_id;
  Send(std::move(way),
       api::Render(api::PlainProblem(reader.refusal_status(), reader.refusal()),
                   request));
}

api::Answer PistacheServer::Impl::Ask(const api::Request& request) const {
  if (draining_) {
    api::Problem problem =
        api::PlainProblem(503, "the service is being stopped");
    problem.headers.emplace_back("Retry-After", "5");
    return api::Render(problem, request);
  }
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "a request handler threw",
        {{"path", request.path},
         {"request", request.request_id},
         {"error", error.what()}});
  } catch (...) {
    Log(LogLevel::kError, "a request handler threw something unknown",
        {{"path", request.path}, {"request", request.request_id}});
  }
  return api::Render(api::PlainProblem(500, "an error of this program"),
                     request);
}

void PistacheServer::Impl::Serve(
    const std::shared_ptr<Peer>& peer,
    const std::shared_ptr<Connection>& connection) {
  RequestReader& reader = connection->reader;
  api::Request request = std::move(reader.request());
  if (request.request_id.empty()) request.request_id = NewUuid();
  Way way;
  way.peer = peer;
  way.connection = connection;
  way.frame.head_only = request.method == api::Method::kHead;
  way.frame.keep_alive = reader.keep_alive() && !reader.surplus();
  way.frame.request_id = request.request_id;
  way.access.method = request.method;
  way.access.path = request.path;
  way.access.request_id = request.request_id;
  way.start = absl::Now();
  connection->busy = true;
  // Nobody reads until the answer is out, so the next request may begin.
  reader.Reset();
  {
    absl::MutexLock lock(&mutex_);
    ++in_flight_;
  }
  api::Answer answer = Ask(request);
  if (auto* response = std::get_if<api::Response>(&answer)) {
    Send(std::move(way), *response);
    return;
  }
  const bool taken = lot_->Park(
      std::move(std::get<api::Parked>(answer)),
      [this, way](const api::Response& response) { Send(way, response); });
  if (taken) return;
  api::Problem problem = api::PlainProblem(
      503,
      "too many clients wait for synchronous results; send Prefer: "
      "respond-async");
  problem.headers.emplace_back("Retry-After", "5");
  Send(std::move(way), api::Render(problem, request));
}

void PistacheServer::Impl::Send(Way way, const api::Response& response) {
  Connection& connection = *way.connection;
  if (connection.surplus || draining_) way.frame.keep_alive = false;
  way.frame.now = clock_.Now();
  std::string bytes = SerializeResponse(response, way.frame);
  way.access.status = response.status;
  way.access.route = response.route;
  way.access.response_bytes = static_cast<int64_t>(bytes.size());
  way.access.duration = absl::Now() - way.start;
  if (!way.frame.keep_alive) connection.closing = true;
  // Before the bytes leave: the client's next request may follow at once.
  connection.busy = false;
  if (const auto peer = way.peer.lock()) {
    Write(peer, std::move(bytes), !way.frame.keep_alive);
  }
  if (on_access_) on_access_(way.access);
  absl::MutexLock lock(&mutex_);
  --in_flight_;
}

void PistacheServer::Impl::Write(const std::shared_ptr<Peer>& peer,
                                 std::string bytes, bool close_after) {
  try {
    const size_t size = bytes.size();
    auto sent = peer->send(Pistache::RawBuffer(std::move(bytes), size));
    if (!close_after) return;
    const std::weak_ptr<Peer> weak = peer;
    sent.then(
        [weak](ssize_t) {
          // Our half only: what the client still sends is read and dropped,
          // else the kernel would reset the connection under the answer.
          if (const auto open = weak.lock()) ::shutdown(open->fd(), SHUT_WR);
        },
        Pistache::Async::IgnoreException);
  } catch (const std::exception& error) {
    Log(LogLevel::kWarning, "an answer could not be sent",
        {{"error", error.what()}});
  }
}

PistacheServer::PistacheServer(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

PistacheServer::~PistacheServer() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<PistacheServer>> PistacheServer::Start(
    const HttpServerOptions& options, Handler handler, OnAccess on_access,
    JobStore& store, Wakeup& wakeup, const Clock& clock) {
  auto impl = std::make_unique<Impl>(options, std::move(handler),
                                     std::move(on_access), clock);
  const absl::Status status = impl->Listen(store, wakeup);
  if (!status.ok()) {
    impl->Stop();
    return status;
  }
  return std::unique_ptr<PistacheServer>(new PistacheServer(std::move(impl)));
}

int PistacheServer::port() const { return impl_->port(); }
int64_t PistacheServer::in_flight() const { return impl_->in_flight(); }
bool PistacheServer::Drain(absl::Duration timeout) {
  return impl_->Drain(timeout);
}

}  // namespace pushbroom
