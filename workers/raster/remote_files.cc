#include "workers/raster/remote_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

// A server without range requests: up to here the whole file is kept.
constexpr int64_t kMaxWholeBytes = int64_t{64} << 20;
constexpr size_t kMaxFiles = 64;
constexpr size_t kMaxKeptBytes = size_t{64} << 20;  // of heads, over all files
constexpr size_t kMaxErrors = 1024;
constexpr absl::Duration kFresh = absl::Seconds(30);
constexpr absl::Duration kFailureFresh = absl::Seconds(2);
constexpr int kTries = 3;
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
// GDAL cannot be cancelled while it waits for bytes, so that it never waits
// long: a small range comes soon or not at all, and a large one may use all
// the patience there is.
constexpr absl::Duration kSmallTimeout = absl::Seconds(20);
constexpr int64_t kSmallBytes = int64_t{1} << 20;

absl::Status StatusOfAnswer(int status) {
  const std::string text = absl::StrCat("the server answers ", status);
  if (status == 404 || status == 410) return absl::NotFoundError(text);
  if (status == 401 || status == 403) return absl::PermissionDeniedError(text);
  return absl::InvalidArgumentError(text);
}

std::string HeaderOf(const HttpResponse& response, const std::string& name) {
  const auto it = response.headers.find(name);
  return it == response.headers.end() ? "" : it->second;
}

}  // namespace

RemoteFiles& RemoteFiles::Get() {
  // Never destroyed: GDAL may call until the process ends.
  static RemoteFiles* files = new RemoteFiles;
  return *files;
}

void RemoteFiles::SetClient(HttpClient* client, absl::Duration patience) {
  absl::MutexLock lock(&mutex_);
  client_ = client;
  patience_ = patience;
  files_.clear();
  errors_.clear();
}

absl::StatusOr<std::shared_ptr<const RemoteFile>> RemoteFiles::Open(
    const std::string& url) {
  {
    absl::MutexLock lock(&mutex_);
    const auto it = files_.find(url);
    if (it != files_.end() && absl::Now() - it->second->seen < kFresh) {
      return it->second;
    }
    // GDAL asks again by stat for what it could not open.
    const auto failed = errors_.find(url);
    if (failed != errors_.end() &&
        absl::Now() - failed->second.seen < kFailureFresh) {
      return failed->second.status;
    }
  }
  auto file = Fetch(url);
  Remember(url, file.status());
  if (!file.ok()) return file.status();
  absl::MutexLock lock(&mutex_);
  files_.erase(url);
  size_t bytes = (*file)->head.size();
  for (const auto& entry : files_) bytes += entry.second->head.size();
  while (!files_.empty() &&
         (files_.size() >= kMaxFiles || bytes > kMaxKeptBytes)) {
    const auto oldest = std::min_element(
        files_.begin(), files_.end(), [](const auto& x, const auto& y) {
          return x.second->seen < y.second->seen;
        });
    bytes -= oldest->second->head.size();
    files_.erase(oldest);
  }
  files_[url] = *file;
  return *file;
}

absl::StatusOr<std::string> RemoteFiles::ReadRange(const RemoteFile& file,
                                                   int64_t offset,
                                                   int64_t length) {
  auto bytes = DoReadRange(file, offset, length);
  Remember(file.url, bytes.status());
  return bytes;
}

absl::Status RemoteFiles::ErrorOf(const std::string& url) {
  absl::MutexLock lock(&mutex_);
  const auto it = errors_.find(url);
  return it == errors_.end() ? absl::OkStatus() : it->second.status;
}

void RemoteFiles::Remember(const std::string& url, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (status.ok()) {
    errors_.erase(url);
    return;
  }
  if (errors_.size() >= kMaxErrors) errors_.clear();
  errors_[url] = {Annotate(status, UrlForMessage(url)), absl::Now()};
}

absl::Time RemoteFiles::GiveUpAt() {
  absl::MutexLock lock(&mutex_);
  return absl::Now() + patience_;
}

absl::StatusOr<HttpResponse> RemoteFiles::Send(HttpRequest request,
                                               absl::Time give_up) {
  HttpClient* client = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    client = client_;
  }
  if (client == nullptr) {
    return absl::FailedPreconditionError("no client to read URLs with");
  }
  const bool small =
      request.range_offset && request.range_length <= kSmallBytes;
  absl::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    const absl::Duration left =
        std::max(give_up - absl::Now(), absl::Milliseconds(1));
    request.timeout = small ? std::min(kSmallTimeout, left) : left;
    auto response = client->Send(request);
    const bool busy =
        response.ok() && (response->status == 429 || response->status >= 500);
    const bool away = absl::IsUnavailable(response.status());
    if (!(busy || away)) return response;
    if (attempt == kTries || absl::Now() + pause >= give_up) {
      if (away) return response;
      return absl::UnavailableError(
          absl::StrCat("the server answers ", response->status));
    }
    absl::SleepFor(pause);
    pause *= 4;
  }
}

absl::StatusOr<RemoteFiles::FilePointer> RemoteFiles::Fetch(
    const std::string& url) {
  const absl::Time give_up = GiveUpAt();
  HttpRequest request;
  request.url = url;
  request.range_offset = 0;
  request.range_length = kHeadBytes;
  auto response = Send(request, give_up);
  if (absl::IsFailedPrecondition(response.status())) {
    return FetchWhole(url, give_up);
  }
  if (!response.ok()) return response.status();
  auto file = std::make_shared<RemoteFile>();
  file->url = url;
  file->seen = absl::Now();
  file->etag = HeaderOf(*response, "etag");
  if (response->status == 206) {
    // "bytes 0-262143/1234567"
    const std::vector<std::string> parts =
        absl::StrSplit(HeaderOf(*response, "content-range"), '/');
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &file->size) ||
        file->size < 0) {
      return FetchWhole(url, give_up);
    }
  } else if (response->status == 200) {
    file->size = static_cast<int64_t>(response->body.size());
  } else {
    return StatusOfAnswer(response->status);
  }
  file->head = std::move(response->body);
  return file;
}

absl::StatusOr<RemoteFiles::FilePointer> RemoteFiles::FetchWhole(
    const std::string& url, absl::Time give_up) {
  HttpRequest request;
  request.url = url;
  request.max_bytes = kMaxWholeBytes;
  auto response = Send(request, give_up);
  if (absl::IsResourceExhausted(response.status())) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the server serves no byte ranges, and the file has more than ",
        kMaxWholeBytes, " bytes"));
  }
  if (!response.ok()) return response.status();
  if (response->status != 200) return StatusOfAnswer(response->status);
  auto file = std::make_shared<RemoteFile>();
  file->url = url;
  file->seen = absl::Now();
  file->size = static_cast<int64_t>(response->body.size());
  file->head = std::move(response->body);
  return file;
}

absl::StatusOr<std::string> RemoteFiles::DoReadRange(const RemoteFile& file,
                                                     int64_t offset,
                                                     int64_t length) {
  if (offset < 0 || length < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file refers to ", length, " bytes at offset ", offset,
                     ", which no file has"));
  }
  length = std::min(length, file.size - offset);
  if (length <= 0) return std::string();
  const auto head = static_cast<int64_t>(file.head.size());
  if (offset + length <= head) return file.head.substr(offset, length);
  HttpRequest request;
  request.url = file.url;
  request.range_offset = offset;
  request.range_length = length;
  request.max_bytes = std::max(request.max_bytes, length);
  PB_ASSIGN_OR_RETURN(HttpResponse response,
                      Send(std::move(request), GiveUpAt()));
  if (response.status != 206) return StatusOfAnswer(response.status);
  if (HeaderOf(response, "etag") != file.etag) {
    return absl::UnavailableError("the file changed while it was read");
  }
  if (static_cast<int64_t>(response.body.size()) != length) {
    return absl::UnavailableError(absl::StrCat(
        "the server sent ", response.body.size(), " of ", length, " bytes"));
  }
  return std::move(response.body);
}

}  // namespace pushbroom
