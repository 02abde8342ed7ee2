#include "service/core/httpd/ops_server.h"

#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

constexpr char kPlainText[] = "text/plain; charset=utf-8";

void Answer(const std::vector<OpsServer::Check>& checks,
            HttpExchange* exchange) {
  std::string listed, failed;
  for (const OpsServer::Check& check : checks) {
    const absl::Status status = check.run();
    const std::string line =
        absl::StrCat(check.name, ": ",
                     status.ok() ? "ok" : std::string(status.message()), "\n");
    absl::StrAppend(&listed, line);
    if (!status.ok()) absl::StrAppend(&failed, line);
  }
  const bool verbose = exchange->Query("verbose").has_value();
  const std::string body = verbose ? listed : failed;
  exchange->Send(failed.empty() ? 200 : 503, {{"Cache-Control", "no-store"}},
                 kPlainText, body.empty() ? "ok\n" : body);
}

}  // namespace

OpsServer::OpsServer(Options options, Metrics& metrics)
    : options_(std::move(options)), metrics_(metrics) {}

absl::StatusOr<std::unique_ptr<OpsServer>> OpsServer::Start(Options options,
                                                            Metrics& metrics) {
  HttpdServer::Options listen;
  listen.bind = options.bind;
  listen.port = options.port;
  std::unique_ptr<OpsServer> ops(new OpsServer(std::move(options), metrics));
  PB_ASSIGN_OR_RETURN(
      ops->server_,
      HttpdServer::Start(listen, [server = ops.get()](HttpExchange& exchange) {
        server->Handle(exchange);
      }));
  return ops;
}

void OpsServer::Handle(HttpExchange& exchange) const {
  if (exchange.method() != "GET" && exchange.method() != "HEAD") {
    exchange.SendProblem(
        405, absl::StrCat("method ", exchange.method(), " is not allowed here"),
        {{"Allow", "GET, HEAD"}});
  } else if (exchange.path() == "/livez") {
    Answer(options_.live, &exchange);
  } else if (exchange.path() == "/readyz") {
    Answer(options_.ready, &exchange);
  } else if (exchange.path() == "/startupz") {
    Answer(options_.started, &exchange);
  } else if (exchange.path() == "/metrics") {
    exchange.Send(200, {}, Metrics::kContentType, metrics_.Expose());
  }
}

}  // namespace pushbroom
