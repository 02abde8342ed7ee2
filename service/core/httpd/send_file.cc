// HttpExchange::SendFile: a file, or one range of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "service/core/httpd/http_exchange.h"
#include "service/core/httpd/http_range.h"

namespace pushbroom {
namespace {

constexpr size_t kFileChunkBytes = 64 << 10;

std::string EtagOf(const struct stat& info) {
  return absl::StrFormat("\"%x-%x%08x\"", info.st_size, info.st_mtim.tv_sec,
                         info.st_mtim.tv_nsec);
}

std::string HttpDate(time_t seconds) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::FromTimeT(seconds),
                          absl::UTCTimeZone());
}

bool ListsEtag(const std::string& header, const std::string& etag) {
  for (absl::string_view one : absl::StrSplit(header, ',')) {
    one = absl::StripAsciiWhitespace(one);
    // If-None-Match compares weakly.
    if (absl::StartsWith(one, "W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
  }
  return false;
}

}  // namespace

absl::Status HttpExchange::SendFile(const std::string& path,
                                    const std::string& content_type,
                                    const HttpHeaders& headers) {
  // Not blocking, and no link: a FIFO or a link planted there opens nothing.
  const int fd =
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  const absl::Cleanup close_file = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::NotFoundError(absl::StrCat(path, " is no regular file"));
  }
  const int64_t size = info.st_size;
  const std::string etag = EtagOf(info);
  const std::string modified = HttpDate(info.st_mtim.tv_sec);
  HttpHeaders all = headers;
  all.emplace_back("Accept-Ranges", "bytes");
  all.emplace_back("ETag", etag);
  all.emplace_back("Last-Modified", modified);

  if (ListsEtag(Header("If-None-Match"), etag)) {
    SendHead(304, all, "", 0);
    return absl::OkStatus();
  }
  // A range of what the client has the beginning of, or else the whole.
  const std::string condition = Header("If-Range");
  const bool ranged =
      method_ == "GET" &&
      (condition.empty() || condition == etag || condition == modified);
  const ByteRange range = ParseRange(ranged ? Header("Range") : "", size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    all.emplace_back("Content-Range", absl::StrCat("bytes */", size));
    SendProblem(416,
                absl::StrCat("range \"", Header("Range"),
                             "\" has no byte of the file's ", size),
                all);
    return absl::OkStatus();
  }
  const bool part = range.kind == ByteRange::Kind::kPart;
  if (part) {
    all.emplace_back("Content-Range", absl::StrCat("bytes ", range.begin, "-",
                                                   range.end - 1, "/", size));
  }
  SendHead(part ? 206 : 200, all, content_type, range.end - range.begin);
  if (method_ != "HEAD") SendFileBytes(fd, range.begin, range.end);
  return absl::OkStatus();
}

void HttpExchange::SendFileBytes(int fd, int64_t begin, int64_t end) {
  std::string buffer(kFileChunkBytes, '\0');
  for (int64_t at = begin; at < end && !client_gone_;) {
    const auto want = static_cast<size_t>(
        std::min<int64_t>(end - at, static_cast<int64_t>(buffer.size())));
    const ssize_t got = pread(fd, buffer.data(), want, at);
    if (got < 0 && errno == EINTR) continue;
    // The file became shorter: the client sees too few bytes, not wrong ones.
    if (got <= 0) return;
    Write(buffer.data(), static_cast<size_t>(got));
    at += got;
    if (!client_gone_) body_bytes_sent_ += got;
  }
}

}  // namespace pushbroom
