#include "workers/inputs/follow.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"
#include "service/core/net/url_parts.h"
#include "workers/raster/gated_vsi.h"

namespace pushbroom {
namespace {

constexpr int64_t kSniffBytes = 1024;

bool LooksLikeJson(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(bytes);
  return !text.empty() && (text[0] == '{' || text[0] == '[');
}

absl::string_view PathOfUrl(absl::string_view url) {
  return url.substr(0, url.find_first_of("?#"));
}

absl::StatusOr<Json> ParseItem(const std::string& text, int64_t max_bytes) {
  JsonLimits limits;
  limits.max_bytes = static_cast<size_t>(max_bytes);
  return ParseJson(text, limits);
}

absl::StatusOr<bool> FileHasJson(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(absl::StrCat(path, " cannot be opened"));
  }
  std::string head(kSniffBytes, '\0');
  file.read(head.data(), kSniffBytes);
  head.resize(static_cast<size_t>(file.gcount()));
  return LooksLikeJson(head);
}

}  // namespace

absl::StatusOr<std::string> AssetHref(const std::string& base, bool fetched,
                                      const std::string& href) {
  const bool from_web = fetched && IsWebUrl(base);
  if (!SchemeOf(href).empty()) {
    if (from_web && !IsWebUrl(href)) {
      if (absl::StartsWithIgnoreCase(href, "file:") ||
          absl::StartsWithIgnoreCase(href, "upload:")) {
        return absl::PermissionDeniedError(
            absl::StrCat("\"", href,
                         "\" is refused: an item from the web may not name "
                         "files of this machine"));
      }
    }
    return href;
  }
  if (IsWebUrl(base)) return ResolveUrl(base, href);
  if (absl::StartsWith(href, "/")) return href;
  if (base.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", href,
                     "\" is relative, but the item has no place of its own; "
                     "give the item by link, or absolute hrefs"));
  }
  return (std::filesystem::path(base).parent_path() / href)
      .lexically_normal()
      .string();
}

absl::StatusOr<std::string> Follower::UploadPath(const std::string& id) {
  if (storage_ == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("upload:", id,
                     " is not known here: this worker has no "
                     "storage for uploads"));
  }
  const std::string key = absl::StrCat("uploads/", id);
  PB_RETURN_IF_ERROR(storage_->Stat(key).status());
  const auto path = storage_->LocalPath(key);
  if (!path) {
    return absl::UnimplementedError(
        absl::StrCat("upload:", id,
                     " is in an object store, from which uploads are not "
                     "read"));
  }
  return *path;
}

absl::StatusOr<bool> Follower::WebHasJson(const std::string& url,
                                          const std::string& media_type,
                                          const CancelToken& cancel) {
  const std::string type = absl::AsciiStrToLower(media_type);
  if (absl::StrContains(type, "json")) return true;
  if (absl::StartsWith(type, "image/")) return false;
  const std::string path = absl::AsciiStrToLower(PathOfUrl(url));
  for (const char* ending : {".json", ".geojson"}) {
    if (absl::EndsWith(path, ending)) return true;
  }
  for (const char* ending :
       {".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".png"}) {
    if (absl::EndsWith(path, ending)) return false;
  }
  HttpRequest request;
  request.url = url;
  request.range_offset = 0;
  request.range_length = kSniffBytes;
  request.cancel = cancel;
  const auto response = client_.Send(request);
  // A large answer that cannot be had in parts: fetching it will tell.
  if (absl::IsFailedPrecondition(response.status())) return false;
  if (!response.ok()) return response.status();
  return LooksLikeJson(response->body);
}

absl::StatusOr<Followed> Follower::Follow(const SceneReference& reference,
                                          const CancelToken& cancel) {
  PB_ASSIGN_OR_RETURN(const CheckedUrl checked,
                      client_.policy().Check(reference.href));
  Followed followed;
  if (checked.kind == CheckedUrl::Kind::kHttp) {
    PB_ASSIGN_OR_RETURN(const bool json,
                        WebHasJson(checked.url, reference.type, cancel));
    if (!json) {
      followed.location = GatedName(checked.url);
      return followed;
    }
    PB_ASSIGN_OR_RETURN(const HttpResponse response,
                        client_.Fetch(checked.url, max_item_bytes_, cancel));
    PB_ASSIGN_OR_RETURN(followed.json,
                        ParseItem(response.body, max_item_bytes_));
    followed.base =
        response.final_url.empty() ? checked.url : response.final_url;
    return followed;
  }
  std::string path = checked.path;
  const bool upload = checked.kind == CheckedUrl::Kind::kUpload;
  if (upload) {
    PB_ASSIGN_OR_RETURN(path, UploadPath(checked.path));
  }
  PB_ASSIGN_OR_RETURN(const bool json, FileHasJson(path));
  if (!json) {
    followed.location = path;
    return followed;
  }
  PB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, max_item_bytes_));
  PB_ASSIGN_OR_RETURN(followed.json, ParseItem(text, max_item_bytes_));
  // Beside an upload lie those of others: its relative hrefs lead nowhere.
  if (!upload) followed.base = path;
  return followed;
}

absl::StatusOr<std::string> Follower::Locate(const std::string& href) {
  PB_ASSIGN_OR_RETURN(const CheckedUrl checked, client_.policy().Check(href));
  switch (checked.kind) {
    case CheckedUrl::Kind::kHttp:
      return GatedName(checked.url);
    case CheckedUrl::Kind::kFile:
      return checked.path;
    case CheckedUrl::Kind::kUpload:
      return UploadPath(checked.path);
  }
  return absl::InternalError("a kind of reference without a reader");
}

}  // namespace pushbroom
