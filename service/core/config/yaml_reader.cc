#include "service/core/config/yaml_reader.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/status.h"
#include "yaml-cpp/yaml.h"

namespace pushbroom {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxNodes = 1 << 16;

class Converter {
 public:
  explicit Converter(std::map<std::string, int>* lines) : lines_(lines) {}

  absl::StatusOr<Json> Convert(const YAML::Node& node,
                               const std::string& pointer, int depth) {
    (*lines_)[pointer] = node.Mark().line + 1;
    // An alias is walked each time it is met: count, or a few lines of YAML
    // become a large tree.
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("line ", node.Mark().line + 1, ": more than ", kMaxDepth,
                       " levels or ", kMaxNodes, " values"));
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return Json(nullptr);
      case YAML::NodeType::Scalar:
        return Scalar(node);
      case YAML::NodeType::Sequence: {
        Json list = Json::array();
        for (const YAML::Node& element : node) {
          PB_ASSIGN_OR_RETURN(
              Json value,
              Convert(element, absl::StrCat(pointer, "/", list.size()),
                      depth + 1));
          list.push_back(std::move(value));
        }
        return list;
      }
      case YAML::NodeType::Map:
        return Map(node, pointer, depth);
    }
    return absl::InternalError("a YAML node of no kind");
  }

 private:
  absl::StatusOr<Json> Map(const YAML::Node& node, const std::string& pointer,
                           int depth) {
    Json object = Json::object();
    for (const auto& member : node) {
      const int line = member.first.Mark().line + 1;
      if (!member.first.IsScalar()) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", line, ": a key must be plain text"));
      }
      const std::string& key = member.first.Scalar();
      if (object.contains(key)) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", line, ": key \"", key, "\" is given twice"));
      }
      const std::string below = absl::StrCat(pointer, "/", PointerToken(key));
      PB_ASSIGN_OR_RETURN(Json value, Convert(member.second, below, depth + 1));
      (*lines_)[below] = line;
      object[key] = std::move(value);
    }
    return object;
  }

  static Json Scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;  // it stood in quotes
    for (const char* word : {"true", "True", "TRUE"}) {
      if (text == word) return true;
    }
    for (const char* word : {"false", "False", "FALSE"}) {
      if (text == word) return false;
    }
    int64_t whole = 0;
    if (absl::SimpleAtoi(text, &whole)) return whole;
    double number = 0;
    // Not "nan" or "inf": no key takes them.
    if (text.find_first_of("0123456789") != std::string::npos &&
        text.find_first_not_of("+-.eE0123456789") == std::string::npos &&
        absl::SimpleAtod(text, &number) && std::isfinite(number)) {
      return number;
    }
    return text;
  }

  std::map<std::string, int>* lines_;
  int nodes_ = 0;
};

}  // namespace

absl::StatusOr<YamlDocument> ReadYaml(absl::string_view text) {
  YamlDocument document;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    PB_ASSIGN_OR_RETURN(Json json,
                        Converter(&document.lines).Convert(root, "", 0));
    if (json.is_null()) return document;
    if (!json.is_object()) {
      return absl::InvalidArgumentError(
          "the document must be a mapping of keys to values");
    }
    document.root = std::move(json);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", error.mark.line + 1, ": not YAML: ", error.msg));
  }
  return document;
}

}  // namespace pushbroom
