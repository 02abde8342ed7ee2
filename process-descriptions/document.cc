#include "process-descriptions/document.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "yaml-cpp/yaml.h"

namespace pushbroom {
namespace {

// Where the comment, the string or the single character at `i` ends.
size_t SkipToken(absl::string_view text, size_t i) {
  const absl::string_view rest = text.substr(i);
  if (absl::StartsWith(rest, "//")) {
    const size_t end = rest.find('\n');
    return end == absl::string_view::npos ? text.size() : i + end;
  }
  if (absl::StartsWith(rest, "/*")) {
    const size_t end = rest.find("*/", 2);
    return end == absl::string_view::npos ? text.size() : i + end + 2;
  }
  if (rest[0] != '"') return i + 1;
  for (size_t k = 1; k < rest.size(); ++k) {
    if (rest[k] == '\\') {
      ++k;
    } else if (rest[k] == '"') {
      return i + k + 1;
    }
  }
  return text.size();
}

bool IsInt(absl::string_view s) {
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  if (s.empty()) return false;
  for (char c : s) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool IsFloat(absl::string_view s) {
  bool digit = false;
  for (char c : s) {
    digit = digit || absl::ascii_isdigit(static_cast<unsigned char>(c));
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
        !absl::StrContains("+-.eE", absl::string_view(&c, 1))) {
      return false;
    }
  }
  return digit;
}

Json PlainScalar(const std::string& s) {
  if (s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL") {
    return nullptr;
  }
  if (s == "true" || s == "True" || s == "TRUE") return true;
  if (s == "false" || s == "False" || s == "FALSE") return false;
  int64_t integer = 0;
  if (IsInt(s) && absl::SimpleAtoi(s, &integer)) return integer;
  double number = 0;
  if (IsFloat(s) && absl::SimpleAtod(s, &number)) return number;
  return s;
}

class YamlReader {
 public:
  absl::StatusOr<Json> Read(const YAML::Node& node, int depth) {
    const JsonLimits limits;
    if (depth > limits.max_depth) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "YAML is nested deeper than ", limits.max_depth, " levels"));
    }
    // Aliases are counted as often as they are used: a small file may stand
    // for a very large tree.
    if (++nodes_ > limits.max_elements) {
      return absl::ResourceExhaustedError(
          absl::StrCat("YAML has more than ", limits.max_elements, " values"));
    }
    if (node.IsScalar()) {
      return node.Tag() == "!" ? Json(node.Scalar())
                               : PlainScalar(node.Scalar());
    }
    if (node.IsSequence()) {
      Json array = Json::array();
      for (const YAML::Node& element : node) {
        PB_ASSIGN_OR_RETURN(Json value, Read(element, depth + 1));
        array.push_back(std::move(value));
      }
      return array;
    }
    if (node.IsMap()) {
      Json object = Json::object();
      for (const auto& member : node) {
        if (!member.first.IsScalar()) {
          return absl::InvalidArgumentError("a key of a YAML map is no text");
        }
        PB_ASSIGN_OR_RETURN(Json value, Read(member.second, depth + 1));
        object[member.first.Scalar()] = std::move(value);
      }
      return object;
    }
    return Json(nullptr);
  }

 private:
  size_t nodes_ = 0;
};

}  // namespace

std::string StripTrailingCommas(absl::string_view text) {
  std::string out(text);
  size_t comma = std::string::npos;  // last significant character, if a comma
  for (size_t i = 0; i < text.size();) {
    const size_t end = SkipToken(text, i);
    const char c = text[i];
    const bool comment = c == '/' && end > i + 1;
    if (!comment && !absl::ascii_isspace(static_cast<unsigned char>(c))) {
      if ((c == '}' || c == ']') && comma != std::string::npos) {
        out[comma] = ' ';
      }
      comma = c == ',' ? i : std::string::npos;
    }
    i = end;
  }
  return out;
}

absl::StatusOr<Json> ParseYaml(absl::string_view text) {
  const JsonLimits limits;
  if (text.size() > limits.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("YAML of ", text.size(), " bytes exceeds the limit of ",
                     limits.max_bytes));
  }
  try {
    return YamlReader().Read(YAML::Load(std::string(text)), 1);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not YAML: ", error.what()));
  }
}

absl::StatusOr<Json> ParseDocument(absl::string_view text,
                                   absl::string_view href,
                                   Diagnostics& diagnostics) {
  const std::string name = absl::AsciiStrToLower(href);
  if (absl::EndsWith(name, ".yml") || absl::EndsWith(name, ".yaml")) {
    return ParseYaml(text);
  }
  auto strict = ParseJson(text);
  if (strict.ok() || absl::IsResourceExhausted(strict.status())) return strict;
  JsonLimits lenient;
  lenient.comments = true;
  auto json = ParseJson(StripTrailingCommas(text), lenient);
  if (!json.ok()) return strict;  // its place is the one in the author's file
  diagnostics.Warn("json-lenient", "",
                   absl::StrCat("read with comments and trailing commas "
                                "allowed; strictly it is ",
                                strict.status().message()));
  return json;
}

}  // namespace pushbroom
