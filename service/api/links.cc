#include "service/api/links.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pushbroom::api {
namespace {

std::string Escaped(absl::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    // ':' and '/' stand in date intervals, ',' in lists; all are allowed.
    if (absl::ascii_isalnum(c) ||
        absl::string_view("-._~:/,").find(c) != absl::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

}  // namespace

Json Link(absl::string_view href, absl::string_view rel, absl::string_view type,
          absl::string_view title) {
  Json link = {{"href", std::string(href)}, {"rel", std::string(rel)}};
  if (!type.empty()) link["type"] = std::string(type);
  if (!title.empty()) link["title"] = std::string(title);
  return link;
}

std::string Urls::Of(absl::string_view path) const {
  return absl::StrCat(base_, path);
}
std::string Urls::Process(absl::string_view id) const {
  return absl::StrCat(base_, "/processes/", id);
}
std::string Urls::Execution(absl::string_view id) const {
  return absl::StrCat(Process(id), "/execution");
}
std::string Urls::Job(absl::string_view id) const {
  return absl::StrCat(base_, "/jobs/", id);
}
std::string Urls::Results(absl::string_view job_id) const {
  return absl::StrCat(Job(job_id), "/results");
}
std::string Urls::Result(absl::string_view job_id,
                         absl::string_view output) const {
  return absl::StrCat(Results(job_id), "/", output);
}

std::string WithQuery(absl::string_view path, const Request& request,
                      absl::string_view name, absl::string_view value) {
  std::string url(path);
  char separator = '?';
  const auto append = [&](absl::string_view key, absl::string_view text) {
    absl::StrAppend(&url, absl::string_view(&separator, 1), Escaped(key), "=",
                    Escaped(text));
    separator = '&';
  };
  for (const auto& [key, text] : request.query) {
    if (key != name) append(key, text);
  }
  if (!name.empty()) append(name, value);
  return url;
}

Json PageLinks(const Urls& urls, absl::string_view path, const Request& request,
               int64_t offset, int64_t limit, int64_t matched) {
  const std::string base = urls.Of(path);
  Json links = Json::array();
  links.push_back(Link(WithQuery(base, request, "", ""), "self"));
  if (offset + limit < matched) {
    links.push_back(
        Link(WithQuery(base, request, "offset", absl::StrCat(offset + limit)),
             "next"));
  }
  if (offset > 0) {
    links.push_back(
        Link(WithQuery(base, request, "offset",
                       absl::StrCat(std::max<int64_t>(0, offset - limit))),
             "prev"));
  }
  return links;
}

}  // namespace pushbroom::api
