#include "service/files/files_server.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/core/base/files.h"
#include "service/core/base/json.h"
#include "service/core/base/log.h"
#include "service/core/base/status.h"
#include "service/files/upload.h"

namespace pushbroom {
namespace {

constexpr char kResults[] = "/results/";
constexpr char kUploads[] = "/uploads";

// With every answer, refusals too: a page must be able to read why.
HttpHeaders CommonHeaders() {
  return {{"Access-Control-Allow-Origin", "*"},
          {"Access-Control-Expose-Headers",
           "Accept-Ranges, Content-Disposition, Content-Length, "
           "Content-Range, ETag"},
          {"X-Content-Type-Options", "nosniff"}};
}

HttpHeaders With(absl::string_view name, std::string value) {
  HttpHeaders headers = CommonHeaders();
  headers.emplace_back(name, std::move(value));
  return headers;
}

// RFC 6266: an ASCII name for all, and the true one where it differs.
std::string Disposition(const std::string& file_name) {
  std::string plain, encoded;
  for (const char c : file_name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe =
        absl::ascii_isalnum(byte) || c == '.' || c == '-' || c == '_';
    plain += safe || c == ' ' ? c : '_';
    absl::StrAppend(&encoded,
                    safe ? std::string(1, c) : absl::StrFormat("%%%02X", byte));
  }
  std::string text = absl::StrCat("attachment; filename=\"", plain, "\"");
  if (plain != file_name) {
    absl::StrAppend(&text, "; filename*=UTF-8''", encoded);
  }
  return text;
}

// What resolving and storing can say; anything else is a fault of ours.
int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 413;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

void Refuse(HttpExchange& exchange, const absl::Status& status) {
  const int code = HttpStatusOf(status);
  if (code >= 500) {
    Log(code == 500 ? LogLevel::kError : LogLevel::kWarning,
        "a request to the files port failed",
        {{"path", exchange.path()}, {"reason", std::string(status.message())}});
  }
  // Faults of ours may name paths of this machine.
  const absl::string_view detail =
      code == 500 ? "the request could not be answered" : status.message();
  exchange.SendProblem(code, detail, CommonHeaders());
}

void RefuseMethod(HttpExchange& exchange, const char* allowed) {
  exchange.SendProblem(
      405, absl::StrCat("method ", exchange.method(), " is not allowed here"),
      With("Allow", allowed));
}

}  // namespace

FilesServer::FilesServer(Options options, Dependencies dependencies,
                         Resolver resolver)
    : options_(std::move(options)),
      dependencies_(dependencies),
      resolver_(std::move(resolver)) {}

absl::StatusOr<std::unique_ptr<FilesServer>> FilesServer::Start(
    Options options, Dependencies dependencies, Resolver resolver) {
  if (options.uploads) {
    PB_RETURN_IF_ERROR(MakeDirectories(options.scratch_directory));
  }
  HttpdServer::Options listen;
  listen.bind = options.bind;
  listen.port = options.port;
  listen.threads = options.threads;
  listen.chunk_timeout = options.chunk_timeout;
  std::unique_ptr<FilesServer> files(
      new FilesServer(std::move(options), dependencies, std::move(resolver)));
  FilesServer* const self = files.get();
  PB_ASSIGN_OR_RETURN(
      files->server_,
      HttpdServer::Start(
          listen, [self](HttpExchange& exchange) { self->Handle(exchange); },
          [self](const HttpExchange& exchange, absl::Duration took) {
            self->Observe(exchange, took);
          }));
  return files;
}

void FilesServer::Handle(HttpExchange& exchange) {
  const bool uploads = exchange.path() == kUploads;
  if (!uploads && !absl::StartsWith(exchange.path(), kResults)) {
    exchange.SendProblem(404, "no such path", CommonHeaders());
  } else if (exchange.method() == "OPTIONS") {
    HttpHeaders headers =
        With("Access-Control-Allow-Methods", uploads ? "POST" : "GET, HEAD");
    headers.emplace_back("Access-Control-Allow-Headers",
                         "Content-Type, If-None-Match, If-Range, Range");
    headers.emplace_back("Access-Control-Max-Age", "86400");
    exchange.Send(204, headers, "", "");
  } else if (uploads) {
    TakeUpload(exchange);
  } else {
    Download(exchange);
  }
}

void FilesServer::Download(HttpExchange& exchange) {
  if (exchange.method() != "GET" && exchange.method() != "HEAD") {
    return RefuseMethod(exchange, "GET, HEAD, OPTIONS");
  }
  // Before anything else: without the right, nobody learns what exists.
  const absl::Status allowed = dependencies_.tokens.Check(
      exchange.path(), exchange.Query("expires").value_or(""),
      exchange.Query("token").value_or(""));
  if (!allowed.ok()) {
    dependencies_.metrics.Add(Counter::kHttpRejected, {"token"});
    return exchange.SendProblem(403, allowed.message(), CommonHeaders());
  }
  const auto target = resolver_(exchange.path());
  if (!target.ok()) return Refuse(exchange, target.status());
  HttpHeaders headers =
      With("Content-Disposition", Disposition(target->file_name));
  headers.emplace_back("Cache-Control", "private, no-transform");
  const absl::Status sent =
      exchange.SendFile(target->local_path, target->media_type, headers);
  if (!sent.ok()) {
    Log(LogLevel::kWarning, "a result has no file",
        {{"path", exchange.path()}, {"reason", std::string(sent.message())}});
    exchange.SendProblem(404, "the file is not there any more",
                         CommonHeaders());
  }
}

void FilesServer::TakeUpload(HttpExchange& exchange) {
  if (exchange.method() != "POST") {
    return RefuseMethod(exchange, "POST, OPTIONS");
  }
  if (!options_.uploads) {
    return exchange.SendProblem(403, "uploads are switched off here",
                                CommonHeaders());
  }
  if (!exchange.content_length() &&
      exchange.Header("Transfer-Encoding").empty()) {
    return exchange.SendProblem(411, "an upload needs Content-Length or chunks",
                                CommonHeaders());
  }
  if (absl::StartsWithIgnoreCase(exchange.Header("Content-Type"),
                                 "multipart/")) {
    return exchange.SendProblem(
        415, "send the bytes of the file as the body, not a multipart form",
        CommonHeaders());
  }
  // Half of the threads stay for downloads, however slow uploads are.
  const int most = std::max(1, options_.threads / 2);
  const absl::Cleanup leave = [this] { --uploading_; };
  if (++uploading_ > most) {
    return exchange.SendProblem(
        503, absl::StrCat(most, " uploads are under way, the limit"),
        With("Retry-After", "10"));
  }
  const auto upload =
      ReceiveUpload(exchange, dependencies_.storage, options_.scratch_directory,
                    options_.max_upload_bytes);
  if (upload.ok()) {
    const Json answer = {{"href", absl::StrCat("upload:", upload->id)},
                         {"size", upload->size_bytes}};
    return exchange.Send(201, CommonHeaders(), "application/json",
                         DumpJson(answer));
  }
  if (exchange.client_gone()) return;
  if (absl::IsResourceExhausted(upload.status())) {
    dependencies_.metrics.Add(Counter::kHttpRejected, {"body_size"});
  }
  Refuse(exchange, upload.status());
}

void FilesServer::Observe(const HttpExchange& exchange, absl::Duration took) {
  if (exchange.status() == 0) return;
  // The template, never the path.
  const char* route = exchange.path() == kUploads ? "/uploads"
                      : absl::StartsWith(exchange.path(), kResults)
                          ? "/results/{job}/{output}"
                          : "other";
  dependencies_.metrics.Add(
      Counter::kHttpRequests,
      {exchange.method(), route, StatusClass(exchange.status())});
  dependencies_.metrics.Observe(Histogram::kHttpDuration,
                                {exchange.method(), route},
                                absl::ToDoubleSeconds(took));
}

}  // namespace pushbroom
