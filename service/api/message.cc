#include "service/api/message.h"

namespace pushbroom::api {

absl::string_view Request::Header(absl::string_view lower_case_name) const {
  const auto it = headers.find(std::string(lower_case_name));
  return it == headers.end() ? absl::string_view() : it->second;
}

const std::string* Request::Query(absl::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace pushbroom::api
