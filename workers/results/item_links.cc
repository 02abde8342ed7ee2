#include "workers/results/item_links.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "schemas/job_result.h"

namespace pushbroom {
namespace {

bool CarriesCredentials(absl::string_view parameter) {
  const std::string name =
      absl::AsciiStrToLower(parameter.substr(0, parameter.find('=')));
  if (absl::StartsWith(name, "x-amz-") || absl::StartsWith(name, "x-goog-")) {
    return true;
  }
  // The parameters of an Azure SAS token stand together: without `sig` the
  // others are noise.
  static constexpr absl::string_view kNames[] = {"sig",
                                                 "signature",
                                                 "token",
                                                 "access_token",
                                                 "apikey",
                                                 "api_key",
                                                 "key",
                                                 "expires",
                                                 "awsaccesskeyid",
                                                 "googleaccessid",
                                                 "se",
                                                 "st",
                                                 "sp",
                                                 "sv",
                                                 "sr",
                                                 "skoid",
                                                 "sktid",
                                                 "skt",
                                                 "ske",
                                                 "sks",
                                                 "skv",
                                                 "policy",
                                                 "key-pair-id",
                                                 "subscription-key"};
  for (const absl::string_view known : kNames) {
    if (name == known) return true;
  }
  return false;
}

Json Link(absl::string_view rel, const std::string& href,
          absl::string_view type, absl::string_view title) {
  Json link = {{"rel", std::string(rel)}, {"href", href}};
  if (!type.empty()) link["type"] = std::string(type);
  if (!title.empty()) link["title"] = std::string(title);
  return link;
}

void AddSource(const SceneSource& source, Json& links) {
  const std::string& href =
      source.self_href.empty() ? source.href : source.self_href;
  // An upload is ours to forget, and an item by value has no address.
  if (href.empty() || absl::StartsWith(href, "upload:")) return;
  links.push_back(Link("derived_from", WithoutCredentials(href),
                       source.item_id.empty() ? "" : "application/geo+json",
                       source.item_id));
}

}  // namespace

std::string WithoutCredentials(absl::string_view href) {
  std::string kept(href);
  if (const size_t scheme = kept.find("://"); scheme != std::string::npos) {
    const size_t begin = scheme + 3;
    const size_t end = kept.find_first_of("/?#", begin);
    const size_t at = kept.rfind('@', end);
    if (at != std::string::npos && at >= begin) {
      kept.erase(begin, at + 1 - begin);
    }
  }
  const size_t question = kept.find('?');
  if (question == std::string::npos) return kept;
  const size_t hash = kept.find('#', question);
  const std::string fragment =
      hash == std::string::npos ? "" : kept.substr(hash);
  std::vector<absl::string_view> parameters;
  const std::string query = kept.substr(
      question + 1,
      hash == std::string::npos ? std::string::npos : hash - question - 1);
  for (const absl::string_view parameter :
       absl::StrSplit(query, '&', absl::SkipEmpty())) {
    if (!CarriesCredentials(parameter)) parameters.push_back(parameter);
  }
  const std::string rest = absl::StrJoin(parameters, "&");
  return absl::StrCat(kept.substr(0, question), rest.empty() ? "" : "?", rest,
                      fragment);
}

Json LinksFor(const ItemFacts& facts) {
  Json links = Json::array();
  if (!facts.model_href.empty()) {
    Json model =
        Link("derived_from", WithoutCredentials(facts.model_href),
             facts.model_href_type,
             facts.model.title.empty() ? facts.model.id : facts.model.title);
    model["mlm:name"] =
        facts.model.name.empty() ? facts.model.id : facts.model.name;
    model["processing:level"] = "L4";
    links.push_back(std::move(model));
  }
  for (const SceneSource& source : facts.scene.sources) {
    AddSource(source, links);
  }
  if (!facts.job_url.empty()) {
    links.push_back(Link("processing-execution", facts.job_url,
                         "application/json", "the job that made it"));
    links.push_back(
        Link("via", facts.job_url, "application/json", "the job that made it"));
  }
  return links;
}

}  // namespace pushbroom
