// What a finished job points to.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "service/core/base/json.h"

namespace pushbroom {

// Output ids that generated processes share.
inline constexpr char kClassesOutput[] = "classes";
inline constexpr char kProbabilitiesOutput[] = "probabilities";
inline constexpr char kItemOutput[] = "item";

// Prefix of asset hrefs in JobResult::item until somebody delivers it.
inline constexpr char kStorageScheme[] = "storage:";

/// One output. Either an object in storage (`key`), or an inline `value`.
struct OutputValue {
  std::string key;  // storage key; empty: inline
  std::string media_type;
  int64_t size_bytes = 0;
  std::string sha256;  // hex
  Json value;          // null unless inline
};

struct JobResult {
  std::map<std::string, OutputValue> outputs;  // by output id
  // The result's STAC Item, hrefs of its assets as "storage:<key>"; null for
  // processes that publish nothing. Who delivers it replaces these hrefs.
  Json item;
  std::string collection;
  // Counts for people: tiles, seconds, tiles_per_second, peak_memory_bytes,
  // classes {name: share}, warnings [text].
  Json summary = Json::object();
};

Json ToJson(const JobResult& result);
absl::StatusOr<JobResult> JobResultFromJson(const Json& json);

}  // namespace pushbroom
