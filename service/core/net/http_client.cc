#include "service/core/net/http_client.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/digest.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/core/net/curl_exchange.h"
#include "service/core/net/redirect.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

// A model of gigabytes over a slow line; a stalled server ends it much sooner.
constexpr absl::Duration kDownloadTimeout = absl::Hours(6);

bool IsToken(absl::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' &&
        c != '_') {
      return false;
    }
  }
  return true;
}

// A line break in a header would start a second one.
absl::Status CheckRequest(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD" &&
      request.method != "POST" && request.method != "PUT") {
    return absl::InvalidArgumentError(absl::StrCat(
        "method ", request.method, " is none of GET, HEAD, POST, PUT"));
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name, "\" is no header name"));
    }
    for (char c : value) {
      if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t') {
        return absl::InvalidArgumentError(
            absl::StrCat("header ", name, " holds a control character"));
      }
    }
  }
  if (request.range_offset &&
      (*request.range_offset < 0 || request.range_length < 1 ||
       *request.range_offset >
           std::numeric_limits<int64_t>::max() - request.range_length)) {
    return absl::InvalidArgumentError(
        absl::StrCat("no byte range: offset ", *request.range_offset,
                     ", length ", request.range_length));
  }
  return absl::OkStatus();
}

// Keeps every body.
class StringSink final : public BodySink {
 public:
  bool Wants(const HttpResponse&) override { return true; }
  absl::Status Write(absl::string_view piece) override {
    body_.append(piece.data(), piece.size());
    return absl::OkStatus();
  }
  std::string& body() { return body_; }

 private:
  std::string body_;
};

// Passes on a body of `inner`, but none of a redirect that will be followed.
class FinalAnswerSink final : public BodySink {
 public:
  FinalAnswerSink(BodySink& inner, bool follows)
      : inner_(inner), follows_(follows) {}
  bool Wants(const HttpResponse& answer) override {
    return !(follows_ && IsRedirect(answer)) && inner_.Wants(answer);
  }
  absl::Status Write(absl::string_view piece) override {
    return inner_.Write(piece);
  }

 private:
  BodySink& inner_;
  const bool follows_;
};

// Keeps the body of a 200 only: an error page may be larger than any limit.
class DocumentSink final : public BodySink {
 public:
  explicit DocumentSink(BodySink& inner) : inner_(inner) {}
  bool Wants(const HttpResponse& answer) override {
    return answer.status == 200 && inner_.Wants(answer);
  }
  absl::Status Write(absl::string_view piece) override {
    return inner_.Write(piece);
  }

 private:
  BodySink& inner_;
};

absl::Status LocalError(const std::string& path, int cause) {
  const std::string text =
      absl::StrCat("cannot write ", path, ": ", std::strerror(cause));
  return cause == ENOSPC || cause == EDQUOT ? absl::ResourceExhaustedError(text)
                                            : absl::UnavailableError(text);
}

// A file under a temporary name, removed unless Commit gives it its own.
class FileSink final : public BodySink {
 public:
  explicit FileSink(const std::string& path)
      : path_(path), temporary_(absl::StrCat(path, ".part-", NewUuid())) {}
  ~FileSink() override {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
  }

  absl::Status Open() {
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 0644);
    return fd_ < 0 ? LocalError(temporary_, errno) : absl::OkStatus();
  }
  bool Wants(const HttpResponse&) override { return true; }
  absl::Status Write(absl::string_view piece) override {
    sha256_.Add(piece);
    while (!piece.empty()) {
      const ssize_t n = ::write(fd_, piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return LocalError(temporary_, errno);
      piece.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Commit() {
    if (::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return LocalError(path_, errno);
    }
    ::close(fd_);
    fd_ = -1;
    return sha256_.Hex();
  }

 private:
  const std::string path_;
  const std::string temporary_;
  int fd_ = -1;
  Sha256 sha256_;
};

// OK for a 200.
absl::Status StatusOfAnswer(const HttpResponse& answer) {
  if (answer.status == 200) return absl::OkStatus();
  const std::string text =
      absl::StrCat(UrlForMessage(answer.final_url), " answers ", answer.status);
  switch (answer.status) {
    case 401:
    case 403:
      return absl::PermissionDeniedError(text);
    case 404:
    case 410:
      return absl::NotFoundError(text);
    case 429:
      return absl::UnavailableError(text);
    default:
      return answer.status >= 500 ? absl::UnavailableError(text)
                                  : absl::FailedPreconditionError(text);
  }
}

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(const UrlPolicy& policy) : policy_(policy) {}

  absl::StatusOr<HttpResponse> Run(const HttpRequest& request, BodySink& body) {
    PB_RETURN_IF_ERROR(CheckRequest(request));
    const absl::Time deadline = absl::Now() + request.timeout;
    HttpRequest hop = request;
    PB_ASSIGN_OR_RETURN(const CheckedUrl checked, policy_.Check(request.url));
    if (checked.kind != CheckedUrl::Kind::kHttp) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", UrlForMessage(request.url), "\" is no web address"));
    }
    hop.url = checked.url;
    FinalAnswerSink sink(body, request.max_redirects > 0);
    const CurlPool::Lease handle = pool_.Acquire();
    for (int redirects = 0;; ++redirects) {
      PB_ASSIGN_OR_RETURN(HttpResponse answer,
                          Exchange(handle.get(), policy_, hop, deadline, sink));
      answer.final_url = hop.url;
      if (request.max_redirects <= 0 || !IsRedirect(answer)) return answer;
      if (redirects == request.max_redirects) {
        return absl::FailedPreconditionError(
            absl::StrCat(UrlForMessage(request.url), " redirects more than ",
                         request.max_redirects, " times"));
      }
      PB_ASSIGN_OR_RETURN(hop, NextHop(policy_, hop, answer));
    }
  }

  const UrlPolicy& policy() const { return policy_; }

 private:
  const UrlPolicy& policy_;
  CurlPool pool_;
};

HttpClient::HttpClient(const UrlPolicy& policy)
    : impl_(std::make_unique<Impl>(policy)) {}

HttpClient::~HttpClient() = default;

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  StringSink sink;
  PB_ASSIGN_OR_RETURN(HttpResponse answer, impl_->Run(request, sink));
  answer.body = std::move(sink.body());
  return answer;
}

absl::StatusOr<HttpResponse> HttpClient::Fetch(const std::string& url,
                                               int64_t max_bytes,
                                               const CancelToken& cancel) {
  HttpRequest request;
  request.url = url;
  request.max_bytes = max_bytes;
  request.cancel = cancel;
  StringSink body;
  DocumentSink sink(body);
  PB_ASSIGN_OR_RETURN(HttpResponse answer, impl_->Run(request, sink));
  PB_RETURN_IF_ERROR(StatusOfAnswer(answer));
  answer.body = std::move(body.body());
  return answer;
}

absl::StatusOr<std::string> HttpClient::Download(const std::string& url,
                                                 const std::string& path,
                                                 int64_t max_bytes,
                                                 const CancelToken& cancel) {
  HttpRequest request;
  request.url = url;
  request.max_bytes = max_bytes;
  request.timeout = kDownloadTimeout;
  request.cancel = cancel;
  FileSink file(path);
  PB_RETURN_IF_ERROR(file.Open());
  DocumentSink sink(file);
  PB_ASSIGN_OR_RETURN(const HttpResponse answer, impl_->Run(request, sink));
  PB_RETURN_IF_ERROR(StatusOfAnswer(answer));
  return file.Commit();
}

const UrlPolicy& HttpClient::policy() const { return impl_->policy(); }

}  // namespace pushbroom
