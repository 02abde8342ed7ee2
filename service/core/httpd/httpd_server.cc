#include "service/core/httpd/httpd_server.h"

#include <exception>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "civetweb.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "service/core/httpd/sockets.h"
#include "service/core/httpd/stall_guard.h"

namespace pushbroom {

class HttpdServer::Impl {
 public:
  Impl(const Options& options, Handler handler, Observer observer)
      : handler_(std::move(handler)),
        observer_(std::move(observer)),
        bind_(options.bind),
        guard_(options.chunk_timeout) {}

  ~Impl() {
    if (!context_) return;
    // Who waits is woken: civetweb looks at its own flag every two seconds.
    ShutDownListener(bind_, port_);
    guard_.CutAll();
    mg_stop(context_);
  }

  absl::Status Listen(const Options& options);
  int port() const { return port_; }

 private:
  static Impl* Of(const mg_connection* connection) {
    return static_cast<Impl*>(mg_get_user_context_data(connection));
  }
  static int OnRequest(mg_connection* connection) {
    return Of(connection)->Serve(connection);
  }
  // civetweb's own refusals, of requests that it cannot read.
  static int OnError(mg_connection* connection, int status, const char*) {
    Impl* impl = Of(connection);
    HttpExchange exchange(connection, &impl->guard_);
    exchange.SendProblem(status, "the request cannot be read");
    return 0;
  }
  static int OnLog(const mg_connection*, const char* message) {
    // What mg_start says on its caller's thread is the reason why Listen
    // fails. It may come with a connection that stands for none, so that the
    // pointer does not tell.
    if (start_message_ == nullptr) {
      Log(LogLevel::kDebug, "civetweb", {{"text", message}});
    } else if (start_message_->empty()) {
      *start_message_ = message;
    }
    return 1;
  }

  int Serve(mg_connection* connection);
  void Handle(HttpExchange* exchange);

  // Set while this thread is in mg_start.
  static thread_local std::string* start_message_;

  const Handler handler_;
  const Observer observer_;
  const std::string bind_;
  StallGuard guard_;
  mg_context* context_ = nullptr;
  int port_ = 0;
};

thread_local std::string* HttpdServer::Impl::start_message_ = nullptr;

absl::Status HttpdServer::Impl::Listen(const Options& options) {
  static absl::once_flag initialized;
  absl::call_once(initialized, [] { mg_init_library(MG_FEATURES_DEFAULT); });

  const bool v6 = absl::StrContains(options.bind, ":");
  const std::string address =
      v6 ? absl::StrCat("[", options.bind, "]:", options.port)
         : absl::StrCat(options.bind, ":", options.port);
  const std::string threads = absl::StrCat(options.threads);
  const std::string timeout =
      absl::StrCat(absl::ToInt64Milliseconds(options.head_timeout));
  const char* settings[] = {"listening_ports",
                            address.c_str(),
                            "num_threads",
                            threads.c_str(),
                            "request_timeout_ms",
                            timeout.c_str(),
                            "enable_keep_alive",
                            "no",
                            "decode_url",
                            "no",
                            "enable_directory_listing",
                            "no",
                            "tcp_nodelay",
                            "1",
                            "access_control_allow_origin",
                            "",
                            "access_control_allow_methods",
                            "",
                            nullptr};
  mg_callbacks callbacks = {};
  callbacks.begin_request = &Impl::OnRequest;
  callbacks.http_error = &Impl::OnError;
  callbacks.log_message = &Impl::OnLog;
  callbacks.log_access = [](const mg_connection*, const char*) { return 1; };
  std::string reason;
  start_message_ = &reason;
  context_ = mg_start(&callbacks, this, settings);
  start_message_ = nullptr;
  if (!context_) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": ", reason));
  }
  mg_server_port listening = {};
  if (mg_get_server_ports(context_, 1, &listening) < 1) {
    return absl::InternalError(
        absl::StrCat("the port of ", address, " is not known"));
  }
  port_ = listening.port;
  return absl::OkStatus();
}

int HttpdServer::Impl::Serve(mg_connection* connection) {
  const absl::Time start = absl::Now();
  HttpExchange exchange(connection, &guard_);
  // Nothing may pass civetweb's C code.
  try {
    if (exchange.ParseTarget()) {
      Handle(&exchange);
    } else {
      exchange.SendProblem(404, "no such path");
    }
    exchange.FinishBody();
    if (observer_) observer_(exchange, absl::Now() - start);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "an HTTP handler threw", {{"reason", error.what()}});
  }
  return exchange.status() > 0 ? exchange.status() : 500;
}

void HttpdServer::Impl::Handle(HttpExchange* exchange) {
  try {
    handler_(*exchange);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "an HTTP handler threw", {{"reason", error.what()}});
    if (exchange->status() == 0) {
      exchange->SendProblem(500, "the request could not be answered");
    }
  }
  if (exchange->status() == 0 && !exchange->client_gone()) {
    exchange->SendProblem(404, "no such path");
  }
}

HttpdServer::HttpdServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpdServer::~HttpdServer() = default;

absl::StatusOr<std::unique_ptr<HttpdServer>> HttpdServer::Start(
    const Options& options, Handler handler, Observer observer) {
  auto impl =
      std::make_unique<Impl>(options, std::move(handler), std::move(observer));
  PB_RETURN_IF_ERROR(impl->Listen(options));
  return std::unique_ptr<HttpdServer>(new HttpdServer(std::move(impl)));
}

int HttpdServer::port() const { return impl_->port(); }

}  // namespace pushbroom
