#include "service/http/response_writer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/api/problem.h"

namespace pushbroom {
namespace {

void AddField(std::string& out, absl::string_view name,
              absl::string_view value) {
  absl::StrAppend(&out, name, ": ");
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  out += "\r\n";
}

}  // namespace

std::string SerializeResponse(const api::Response& response,
                              const ResponseFrame& frame) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string out = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                 api::ReasonPhrase(response.status), "\r\n");
  AddField(out, "Date",
           absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", frame.now,
                            absl::UTCTimeZone()));
  for (const auto& [name, value] : response.headers) AddField(out, name, value);
  if (!frame.request_id.empty()) {
    AddField(out, "X-Request-Id", frame.request_id);
  }
  AddField(out, "X-Content-Type-Options", "nosniff");
  AddField(out, "Connection", frame.keep_alive ? "keep-alive" : "close");
  if (!bodiless) {
    if (!response.content_type.empty()) {
      AddField(out, "Content-Type", response.content_type);
    }
    AddField(out, "Content-Length", absl::StrCat(response.body.size()));
  }
  out += "\r\n";
  if (!bodiless && !frame.head_only) out += response.body;
  return out;
}

}  // namespace pushbroom
