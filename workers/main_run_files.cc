#include "workers/main_run_files.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/core/base/files.h"
#include "service/core/base/json.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

namespace fs = std::filesystem;

bool IsUrl(absl::string_view text) { return absl::StrContains(text, "://"); }

void AddRoot(const fs::path& file, UrlPolicyOptions& urls) {
  std::error_code error;
  const fs::path directory = fs::weakly_canonical(file, error).parent_path();
  if (!error && fs::is_directory(directory, error)) {
    urls.file_roots.push_back(directory.string());
  }
}

// The object's name in the result directory: the last part of its key.
std::string NameOf(const std::string& key) {
  return fs::path(key).filename().string();
}

}  // namespace

absl::StatusOr<SceneReference> SceneFromArgument(const std::string& argument) {
  SceneReference scene;
  scene.href = argument;
  if (IsUrl(argument)) return scene;
  std::error_code error;
  const fs::path path = fs::canonical(argument, error);
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot open scene ", argument, ": ", error.message()));
  }
  scene.href = path.string();
  return scene;
}

absl::Status AllowScene(const SceneReference& scene, UrlPolicyOptions& urls) {
  if (absl::StartsWith(scene.href, "http://")) urls.allow_http = true;
  std::string path(absl::StripPrefix(scene.href, "file://"));
  if (IsUrl(path)) return absl::OkStatus();
  AddRoot(path, urls);
  if (!absl::EndsWith(path, ".json") && !absl::EndsWith(path, ".geojson")) {
    return absl::OkStatus();
  }
  PB_ASSIGN_OR_RETURN(const Json item, ParseJsonFile(path));
  const Json* assets = Find(item, "assets");
  if (assets == nullptr || !assets->is_object()) return absl::OkStatus();
  for (const auto& [key, asset] : assets->items()) {
    const std::string text = StringOr(asset, "href");
    const absl::string_view href = absl::StripPrefix(text, "file://");
    if (href.empty() || IsUrl(href)) continue;
    AddRoot(fs::path(path).parent_path() / std::string(href), urls);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> DeliverInto(
    const std::string& directory, const JobResult& result, Storage& storage) {
  std::map<std::string, std::string> paths;
  Json item = result.item;
  for (auto& [name, asset] : item["assets"].items()) {
    const std::string href = StringOr(asset, "href");
    const std::string key(absl::StripPrefix(href, kStorageScheme));
    const auto from = storage.LocalPath(key);
    if (!from) {
      return absl::InternalError(absl::StrCat(key, " is no local file"));
    }
    const std::string to = absl::StrCat(directory, "/", NameOf(key));
    std::error_code error;
    fs::rename(*from, to, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot write ", to, ": ", error.message()));
    }
    asset["href"] = absl::StrCat("./", NameOf(key));
    paths[name] = to;
  }
  // Last: what it names is there.
  paths[kItemOutput] = absl::StrCat(directory, "/item.json");
  PB_RETURN_IF_ERROR(
      WriteFileAtomically(paths[kItemOutput], DumpJson(item, 2) + "\n"));
  return paths;
}

}  // namespace pushbroom
