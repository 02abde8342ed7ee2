#include "service/core/base/json.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "service/core/base/files.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// Walks the text without building anything: syntax, depth and counts are known
// before a tree exists.
class Checker : public nlohmann::json_sax<Json> {
 public:
  explicit Checker(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return Element(); }
  bool boolean(bool) override { return Element(); }
  bool number_integer(number_integer_t) override { return Element(); }
  bool number_unsigned(number_unsigned_t) override { return Element(); }
  bool number_float(number_float_t, const string_t&) override {
    return Element();
  }
  bool string(string_t&) override { return Element(); }
  bool binary(binary_t&) override { return Element(); }
  bool start_object(std::size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(); }
  bool end_array() override { return Close(); }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string text = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    const size_t close = text.find("] ");
    if (close != std::string::npos) text.erase(0, close + 2);
    status_ = absl::InvalidArgumentError(absl::StrCat("not JSON: ", text));
    return false;
  }

  const absl::Status& status() const { return status_; }

 private:
  bool Element() {
    if (counts_.empty() || ++counts_.back() <= limits_.max_elements) {
      return true;
    }
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("an array or object has more than ", limits_.max_elements,
                     " elements"));
    return false;
  }
  bool Open() {
    if (!Element()) return false;
    if (counts_.size() >= static_cast<size_t>(limits_.max_depth)) {
      status_ = absl::ResourceExhaustedError(absl::StrCat(
          "JSON is nested deeper than ", limits_.max_depth, " levels"));
      return false;
    }
    counts_.push_back(0);
    return true;
  }
  bool Close() {
    counts_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  std::vector<size_t> counts_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Json> ParseJson(absl::string_view text,
                               const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("JSON of ", text.size(), " bytes exceeds the limit of ",
                     limits.max_bytes));
  }
  Checker checker(limits);
  try {
    if (!Json::sax_parse(text.begin(), text.end(), &checker,
                         Json::input_format_t::json, /*strict=*/true,
                         limits.comments)) {
      return checker.status();
    }
    return Json::parse(text.begin(), text.end(), nullptr,
                       /*allow_exceptions=*/true, limits.comments);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not JSON: ", error.what()));
  }
}

absl::StatusOr<Json> ParseJsonFile(const std::string& path,
                                   const JsonLimits& limits) {
  PB_ASSIGN_OR_RETURN(const std::string text,
                      ReadFile(path, static_cast<int64_t>(limits.max_bytes)));
  auto json = ParseJson(text, limits);
  if (!json.ok()) return Annotate(json.status(), path);
  return json;
}

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string PointerToken(absl::string_view token) {
  return absl::StrReplaceAll(token, {{"~", "~0"}, {"/", "~1"}});
}

std::string StringOr(const Json& object, absl::string_view key,
                     absl::string_view absent) {
  const Json* member = Find(object, key);
  return member && member->is_string() ? member->get<std::string>()
                                       : std::string(absent);
}

const Json* Find(const Json& object, absl::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

}  // namespace pushbroom
