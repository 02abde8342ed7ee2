// What was noticed while a document was read.
#pragma once

#include <string>
#include <vector>

#include "service/core/base/json.h"

namespace pushbroom {

/// kError: a model with one does not run. kWarning: read in a way the author
/// may not expect. kInfo: worth knowing.
enum class Severity { kInfo, kWarning, kError };

struct Diagnostic {
  Severity level = Severity::kInfo;
  std::string code;     // kebab-case and stable: scripts match it
  std::string pointer;  // JSON pointer into the document; may be empty
  std::string text;
};

/// Collects; every problem is kept, not the first. Thread-compatible.
class Diagnostics {
 public:
  void Add(Severity level, std::string code, std::string pointer,
           std::string text);
  void Info(std::string code, std::string pointer, std::string text);
  void Warn(std::string code, std::string pointer, std::string text);
  void Error(std::string code, std::string pointer, std::string text);

  bool has_errors() const;
  const std::vector<Diagnostic>& list() const { return list_; }
  void Append(const std::vector<Diagnostic>& more);

 private:
  std::vector<Diagnostic> list_;
};

bool HasErrors(const std::vector<Diagnostic>& list);

/// [{"level","code","pointer","text"}]
Json ToJson(const std::vector<Diagnostic>& list);
std::vector<Diagnostic> DiagnosticsFromJson(const Json& json);

}  // namespace pushbroom
