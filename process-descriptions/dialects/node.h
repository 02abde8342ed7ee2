// Reading JSON that others wrote: every value knows where it stands, and a
// wrong type is a diagnostic at that place, never an exception.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "schemas/diagnostics.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// A view of one value of a document, or of a place where nothing stands. The
/// document and the diagnostics must outlive it. Thread-compatible.
class Node {
 public:
  Node(const Json& json, std::string pointer, Diagnostics& diagnostics);

  /// False if nothing stands here, or null.
  explicit operator bool() const { return !json_->is_null(); }
  /// False also for null: true only where the document has the member.
  bool exists() const { return exists_; }
  const Json& json() const { return *json_; }
  const std::string& pointer() const { return pointer_; }
  Diagnostics& diagnostics() const { return *diagnostics_; }

  /// The member; absent if this is no object or lacks it.
  Node operator[](absl::string_view key) const;
  /// The first member of these names that is not null, else the first name.
  Node FirstOf(std::initializer_list<absl::string_view> keys) const;

  /// Of an array; a single value stands for a list of one, absent for none.
  std::vector<Node> Elements() const;
  /// Of an object, by key.
  std::vector<std::pair<std::string, Node>> Members() const;

  /// A string; numbers and booleans as they print. `absent` where there is
  /// nothing, or (with a diagnostic) an array or an object.
  std::string Text(absl::string_view absent = "") const;
  /// Absent for nothing, or (with a diagnostic) for another type. Integers
  /// may be written 64.0, booleans "True", numbers "nan", "inf", "-inf".
  std::optional<double> Number() const;
  std::optional<int64_t> Integer() const;
  std::optional<bool> Boolean() const;
  /// Every element that is Text.
  std::vector<std::string> Texts() const;

  void Info(std::string code, std::string text) const;
  void Warn(std::string code, std::string text) const;
  void Error(std::string code, std::string text) const;

 private:
  Node Child(absl::string_view token, const Json* json) const;
  void WrongType(absl::string_view expected) const;

  const Json* json_;
  std::string pointer_;
  Diagnostics* diagnostics_;
  bool exists_ = true;
};

}  // namespace pushbroom
