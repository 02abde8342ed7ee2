#include "process-descriptions/dialects/node.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pushbroom {
namespace {

const Json& Absent() {
  static const Json* const absent = new Json(nullptr);
  return *absent;
}

}  // namespace

Node::Node(const Json& json, std::string pointer, Diagnostics& diagnostics)
    : json_(&json), pointer_(std::move(pointer)), diagnostics_(&diagnostics) {}

Node Node::Child(absl::string_view token, const Json* json) const {
  Node child(json ? *json : Absent(),
             absl::StrCat(pointer_, "/", PointerToken(token)), *diagnostics_);
  child.exists_ = json != nullptr;
  return child;
}

Node Node::operator[](absl::string_view key) const {
  if (!json_->is_object()) return Child(key, nullptr);
  const auto it = json_->find(std::string(key));
  return Child(key, it == json_->end() ? nullptr : &*it);
}

Node Node::FirstOf(std::initializer_list<absl::string_view> keys) const {
  for (absl::string_view key : keys) {
    if (Node member = (*this)[key]) return member;
  }
  return (*this)[*keys.begin()];
}

std::vector<Node> Node::Elements() const {
  std::vector<Node> elements;
  if (json_->is_array()) {
    for (size_t i = 0; i < json_->size(); ++i) {
      elements.push_back(Child(absl::StrCat(i), &(*json_)[i]));
    }
  } else if (*this) {
    elements.push_back(*this);
  }
  return elements;
}

std::vector<std::pair<std::string, Node>> Node::Members() const {
  std::vector<std::pair<std::string, Node>> members;
  if (json_->is_object()) {
    for (const auto& [key, value] : json_->items()) {
      members.emplace_back(key, Child(key, &value));
    }
  }
  return members;
}

std::string Node::Text(absl::string_view absent) const {
  if (json_->is_string()) return json_->get<std::string>();
  if (json_->is_number() || json_->is_boolean()) return DumpJson(*json_);
  if (*this) {
    Warn("wrong-type", absl::StrCat("expected a text, got an ",
                                    json_->type_name(), "; it is not used"));
  }
  return std::string(absent);
}

std::optional<double> Node::Number() const {
  if (json_->is_number()) return json_->get<double>();
  if (json_->is_string()) {
    const auto text = json_->get<std::string>();
    if (absl::EqualsIgnoreCase(text, "nan")) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    if (absl::EqualsIgnoreCase(text, "inf")) return HUGE_VAL;
    if (absl::EqualsIgnoreCase(text, "-inf")) return -HUGE_VAL;
  }
  if (*this) WrongType("a number");
  return std::nullopt;
}

std::optional<int64_t> Node::Integer() const {
  // Beyond 2^53 a double no longer tells integers apart.
  constexpr double kExact = 9007199254740992.0;
  if (json_->is_number_unsigned() &&
      json_->get<uint64_t>() > static_cast<uint64_t>(kExact)) {
    WrongType("a smaller integer");
    return std::nullopt;
  }
  if (json_->is_number_integer()) return json_->get<int64_t>();
  if (json_->is_number_float()) {
    const double number = json_->get<double>();
    if (std::abs(number) <= kExact && std::floor(number) == number) {
      return static_cast<int64_t>(number);
    }
  }
  if (*this) WrongType("an integer");
  return std::nullopt;
}

std::optional<bool> Node::Boolean() const {
  if (json_->is_boolean()) return json_->get<bool>();
  if (json_->is_string()) {
    const auto text = json_->get<std::string>();
    if (absl::EqualsIgnoreCase(text, "true")) return true;
    if (absl::EqualsIgnoreCase(text, "false")) return false;
  }
  if (json_->is_number_integer()) return json_->get<int64_t>() != 0;
  if (*this) WrongType("a boolean");
  return std::nullopt;
}

std::vector<std::string> Node::Texts() const {
  std::vector<std::string> texts;
  for (const Node& element : Elements()) {
    if (std::string text = element.Text(); !text.empty()) {
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

void Node::Info(std::string code, std::string text) const {
  diagnostics_->Info(std::move(code), pointer_, std::move(text));
}
void Node::Warn(std::string code, std::string text) const {
  diagnostics_->Warn(std::move(code), pointer_, std::move(text));
}
void Node::Error(std::string code, std::string text) const {
  diagnostics_->Error(std::move(code), pointer_, std::move(text));
}

void Node::WrongType(absl::string_view expected) const {
  std::string shown = DumpJson(*json_);
  if (shown.size() > 60) shown = absl::StrCat(shown.substr(0, 57), "...");
  Error("wrong-type", absl::StrCat("expected ", expected, ", got ", shown));
}

}  // namespace pushbroom
