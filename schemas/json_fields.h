// Reading and writing members of a JSON object in the ToJson/FromJson pairs of
// this folder: absent members leave the default, a wrong type is an error with
// its pointer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/core/base/json.h"
#include "service/core/base/status.h"

namespace pushbroom::json_fields {

inline absl::Status WrongType(absl::string_view key, absl::string_view expected,
                              const Json& got) {
  return WithPointer(absl::InvalidArgumentError(absl::StrCat(
                         "expected ", expected, ", got ", got.type_name())),
                     absl::StrCat("/", PointerToken(key)));
}

/// A member → `out`: strings, booleans, numbers and lists of them.
template <typename T>
absl::Status Get(const Json& object, absl::string_view key, T& out) {
  const Json* member = Find(object, key);
  if (!member) return absl::OkStatus();
  if constexpr (std::is_same_v<T, Json>) {
    out = *member;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!member->is_string()) return WrongType(key, "a string", *member);
    out = member->template get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!member->is_boolean()) return WrongType(key, "a boolean", *member);
    out = member->template get<bool>();
  } else if constexpr (std::is_arithmetic_v<T>) {
    if (!member->is_number()) return WrongType(key, "a number", *member);
    out = member->template get<T>();
  } else {
    if (!member->is_array()) return WrongType(key, "an array", *member);
    T list;
    for (const Json& element : *member) {
      using V = typename T::value_type;
      const bool fits = std::is_same_v<V, std::string> ? element.is_string()
                                                       : element.is_number();
      if (!fits) return WrongType(key, "other elements", element);
      list.push_back(element.template get<V>());
    }
    out = std::move(list);
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status Get(const Json& object, absl::string_view key,
                 std::optional<T>& out) {
  if (!Find(object, key)) return absl::OkStatus();
  T value{};
  PB_RETURN_IF_ERROR(Get(object, key, value));
  out = std::move(value);
  return absl::OkStatus();
}

/// Each element of an array of objects through `read(element, T&)`.
template <typename T, typename Read>
absl::Status GetList(const Json& object, absl::string_view key,
                     std::vector<T>& out, Read read) {
  const Json* member = Find(object, key);
  if (!member) return absl::OkStatus();
  if (!member->is_array()) return WrongType(key, "an array", *member);
  for (const Json& element : *member) {
    T value;
    PB_RETURN_IF_ERROR(read(element, value));
    out.push_back(std::move(value));
  }
  return absl::OkStatus();
}

/// Writes the member only if there is a value.
template <typename T>
void Put(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}
inline void Put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

}  // namespace pushbroom::json_fields
