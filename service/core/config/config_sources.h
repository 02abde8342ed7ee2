// Where values come from before they are checked: the file, the environment,
// the command line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "service/core/base/json.h"

namespace pushbroom {

/// Values of several sources, the later over the earlier, and who said what.
/// Thread-compatible.
class ConfigSources {
 public:
  /// Begins with the defaults of the schema.
  ConfigSources();

  /// Reads `path`; what is wrong with it goes to problems().
  void AddFile(const std::string& path);
  /// Every PUSHBROOM_ variable; one that is no key is a problem.
  void AddEnvironment(const std::map<std::string, std::string>& environment);
  /// Dotted key → value as text.
  void AddOverrides(const std::map<std::string, std::string>& overrides);
  /// A tree, as ToJson writes it.
  void AddJson(const Json& json);

  const Json& values() const { return values_; }
  const std::vector<std::string>& problems() const { return problems_; }

  /// "pushbroom.yaml:12", "PUSHBROOM_HTTP_PORT", "command line": who set the
  /// value at `pointer` or the nearest above it; empty: nobody did.
  std::string OriginOf(const std::string& pointer) const;

 private:
  void Set(const std::string& pointer, Json value, std::string origin);
  void Merge(const Json& from, Json* into);

  Json values_;
  std::map<std::string, std::string> origins_;
  std::vector<std::string> problems_;
};

}  // namespace pushbroom
