#include "service/core/net/redirect.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"

namespace pushbroom {
namespace {

// What any server may see. Everything else may be a secret (Authorization,
// Cookie, X-Api-Key) and stays with the server it was meant for.
constexpr const char* kPublicHeaders[] = {"Accept", "Accept-Language",
                                          "Content-Type"};

bool IsPublic(absl::string_view name) {
  for (const char* listed : kPublicHeaders) {
    if (absl::EqualsIgnoreCase(name, listed)) return true;
  }
  return false;
}

// RFC 9110: 303 means "see other"; for 301 and 302 every client does so after
// a POST.
bool BecomesGet(int status, const std::string& method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 ||
         ((status == 301 || status == 302) && method == "POST");
}

}  // namespace

bool IsRedirect(const HttpResponse& response) {
  switch (response.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return response.headers.count("location") > 0;
    default:
      return false;
  }
}

absl::StatusOr<HttpRequest> NextHop(const UrlPolicy& policy,
                                    const HttpRequest& hop,
                                    const HttpResponse& answer) {
  const std::string context =
      absl::StrCat("redirect from ", UrlForMessage(hop.url));
  auto target = ResolveUrl(hop.url, answer.headers.at("location"));
  if (!target.ok()) return Annotate(target.status(), context);
  auto checked = policy.Check(*target);
  if (!checked.ok()) return Annotate(checked.status(), context);
  if (checked->kind != CheckedUrl::Kind::kHttp) {
    return absl::PermissionDeniedError(absl::StrCat(
        context, ": \"", UrlForMessage(*target), "\" is no web address"));
  }
  PB_ASSIGN_OR_RETURN(const UrlParts from, ParseHttpUrl(hop.url));
  PB_ASSIGN_OR_RETURN(const UrlParts to, ParseHttpUrl(checked->url));
  if (from.scheme == "https" && to.scheme != "https") {
    return absl::PermissionDeniedError(absl::StrCat(
        context, ": \"", UrlForMessage(*target), "\" leaves https"));
  }

  HttpRequest next = hop;
  next.url = checked->url;
  if (BecomesGet(answer.status, hop.method)) {
    next.method = "GET";
    next.body.clear();
  }
  if (from.scheme != to.scheme || from.host != to.host ||
      from.port != to.port) {
    for (auto it = next.headers.begin(); it != next.headers.end();) {
      it = IsPublic(it->first) ? std::next(it) : next.headers.erase(it);
    }
  }
  return next;
}

}  // namespace pushbroom
