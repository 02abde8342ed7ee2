#include "schemas/diagnostics.h"

#include <algorithm>
#include <utility>

namespace pushbroom {
namespace {

const char* NameOf(Severity level) {
  switch (level) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "info";
}

Severity SeverityFrom(const std::string& name) {
  if (name == "error") return Severity::kError;
  if (name == "warning") return Severity::kWarning;
  return Severity::kInfo;
}

}  // namespace

void Diagnostics::Add(Severity level, std::string code, std::string pointer,
                      std::string text) {
  list_.push_back(
      {level, std::move(code), std::move(pointer), std::move(text)});
}

void Diagnostics::Info(std::string code, std::string pointer,
                       std::string text) {
  Add(Severity::kInfo, std::move(code), std::move(pointer), std::move(text));
}

void Diagnostics::Warn(std::string code, std::string pointer,
                       std::string text) {
  Add(Severity::kWarning, std::move(code), std::move(pointer), std::move(text));
}

void Diagnostics::Error(std::string code, std::string pointer,
                        std::string text) {
  Add(Severity::kError, std::move(code), std::move(pointer), std::move(text));
}

bool Diagnostics::has_errors() const { return HasErrors(list_); }

void Diagnostics::Append(const std::vector<Diagnostic>& more) {
  list_.insert(list_.end(), more.begin(), more.end());
}

bool HasErrors(const std::vector<Diagnostic>& list) {
  return std::any_of(list.begin(), list.end(), [](const Diagnostic& d) {
    return d.level == Severity::kError;
  });
}

Json ToJson(const std::vector<Diagnostic>& list) {
  Json json = Json::array();
  for (const Diagnostic& d : list) {
    json.push_back({{"level", NameOf(d.level)},
                    {"code", d.code},
                    {"pointer", d.pointer},
                    {"text", d.text}});
  }
  return json;
}

std::vector<Diagnostic> DiagnosticsFromJson(const Json& json) {
  std::vector<Diagnostic> list;
  if (!json.is_array()) return list;
  for (const Json& d : json) {
    list.push_back({SeverityFrom(StringOr(d, "level")), StringOr(d, "code"),
                    StringOr(d, "pointer"), StringOr(d, "text")});
  }
  return list;
}

}  // namespace pushbroom
