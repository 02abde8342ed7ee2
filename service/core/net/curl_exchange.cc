#include "service/core/net/curl_exchange.h"

#include <new>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/core/base/status.h"
#include "service/core/net/curl_transfer.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxIdleHandles = 8;
constexpr long kMaxConnectionsPerHandle = 2;
constexpr long kConnectTimeoutMs = 5000;
// A server slower than this for that long is as good as away.
constexpr long kLowSpeedBytesPerSecond = 1024;
constexpr long kLowSpeedSeconds = 30;

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void InitCurlOnce() {
  // Never undone: other threads may use libcurl until the process ends.
  static const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  (void)code;
}

void AppendHeader(HeaderList& list, const std::string& line) {
  curl_slist* grown = curl_slist_append(list.get(), line.c_str());
  if (grown == nullptr) throw std::bad_alloc();  // as any string would
  list.release();
  list.reset(grown);
}

HeaderList HeadersOf(const HttpRequest& request) {
  HeaderList list(nullptr, &curl_slist_free_all);
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    has_type |= absl::EqualsIgnoreCase(name, "Content-Type");
    // libcurl's way to write a header without a value is a semicolon.
    AppendHeader(list, value.empty() ? absl::StrCat(name, ";")
                                     : absl::StrCat(name, ": ", value));
  }
  if (request.range_offset) {
    AppendHeader(
        list, absl::StrCat("Range: bytes=", *request.range_offset, "-",
                           *request.range_offset + request.range_length - 1));
  }
  // Not "application/x-www-form-urlencoded", and no waiting for a 100.
  if (!has_type) AppendHeader(list, "Content-Type:");
  AppendHeader(list, "Expect:");
  return list;
}

void SetMethod(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "GET") {
    curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
}

void SetOptions(CURL* handle, const HttpRequest& request, long timeout_ms,
                Transfer* transfer, char* error_text) {
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  // A proxy would hide the address we check; the environment may name one.
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  // One request at a time on a connection: HTTP/2 would have nothing to share.
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  // Ranges and digests are of the bytes that were sent; and no gzip bombs.
  curl_easy_setopt(handle, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(handle, CURLOPT_MAXCONNECTS, kMaxConnectionsPerHandle);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "pushbroom/" PUSHBROOM_VERSION);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::OnProgress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
  SetMethod(handle, request);
}

// 0 is libcurl's "no limit".
long TimeoutMs(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return 0;
  const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
  return left < 1 ? 1 : static_cast<long>(left);
}

absl::Status StatusOf(CURLcode code, const HttpRequest& request,
                      absl::string_view detail, absl::Time deadline) {
  const std::string url = UrlForMessage(request.url);
  const std::string why =
      absl::StrCat("cannot reach ", url, ": ",
                   detail.empty() ? curl_easy_strerror(code) : detail);
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return request.cancel.status();
    case CURLE_OPERATION_TIMEDOUT:
      // libcurl has one code for its three limits; ours is the whole request.
      if (absl::Now() + absl::Milliseconds(1) >= deadline) {
        return absl::DeadlineExceededError(
            absl::StrCat("no complete answer from ", url, " in time"));
      }
      return absl::UnavailableError(why);
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::PermissionDeniedError(why);
    case CURLE_OUT_OF_MEMORY:
      return absl::ResourceExhaustedError(why);
    default:
      return absl::UnavailableError(why);
  }
}

}  // namespace

CurlPool::CurlPool() { InitCurlOnce(); }

CurlPool::~CurlPool() {
  absl::MutexLock lock(&mutex_);
  for (CURL* handle : idle_) curl_easy_cleanup(handle);
}

CurlPool::Lease CurlPool::Acquire() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      // The last one back has the warmest connection.
      CURL* handle = idle_.back();
      idle_.pop_back();
      return Lease(handle, Return{this});
    }
  }
  return Lease(curl_easy_init(), Return{this});
}

void CurlPool::Release(CURL* handle) {
  curl_easy_reset(handle);  // keeps connections, forgets pointers
  {
    absl::MutexLock lock(&mutex_);
    if (idle_.size() < kMaxIdleHandles) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

absl::StatusOr<HttpResponse> Exchange(CURL* handle, const UrlPolicy& policy,
                                      const HttpRequest& request,
                                      absl::Time deadline, BodySink& sink) {
  if (handle == nullptr) {
    return absl::ResourceExhaustedError("no memory for another request");
  }
  if (request.cancel.cancelled()) return request.cancel.status();
  Transfer transfer(policy, request, sink);
  char error_text[CURL_ERROR_SIZE] = "";
  const HeaderList headers = HeadersOf(request);
  SetOptions(handle, request, TimeoutMs(deadline), &transfer, error_text);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = curl_easy_perform(handle);
  if (!transfer.failure().ok()) return transfer.failure();
  if (code == CURLE_OK || transfer.cut()) return std::move(transfer.answer());
  if (code == CURLE_COULDNT_CONNECT && !transfer.refusal().ok()) {
    return Annotate(transfer.refusal(), UrlForMessage(request.url));
  }
  return StatusOf(code, request, error_text, deadline);
}

}  // namespace pushbroom
