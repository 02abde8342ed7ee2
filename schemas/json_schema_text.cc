// The words of json_schema: what a schema wants, what a value is.
#include <algorithm>
#include <cctype>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/json_schema.h"

namespace pushbroom {
namespace {

constexpr size_t kMaxQuoted = 80;

std::string Bounds(const Json& schema, const char* noun) {
  const Json* least = Find(schema, "minimum");
  const Json* most = Find(schema, "maximum");
  const Json* above = Find(schema, "exclusiveMinimum");
  const Json* below = Find(schema, "exclusiveMaximum");
  std::string text = noun;
  if (least && most) {
    absl::StrAppend(&text, " between ", DumpJson(*least), " and ",
                    DumpJson(*most));
  } else {
    if (least) absl::StrAppend(&text, " of at least ", DumpJson(*least));
    if (most) absl::StrAppend(&text, " of at most ", DumpJson(*most));
  }
  if (above) absl::StrAppend(&text, " greater than ", DumpJson(*above));
  if (above && below) absl::StrAppend(&text, " and");
  if (below) absl::StrAppend(&text, " less than ", DumpJson(*below));
  if (const Json* step = Find(schema, "multipleOf")) {
    absl::StrAppend(&text, ", a multiple of ", DumpJson(*step));
  }
  return text;
}

std::string Counted(const Json& schema, const char* least_key,
                    const char* most_key, const char* unit) {
  const Json* least = Find(schema, least_key);
  const Json* most = Find(schema, most_key);
  if (least && most) {
    if (*least == *most) return absl::StrCat(" of ", DumpJson(*least), unit);
    return absl::StrCat(" of ", DumpJson(*least), " to ", DumpJson(*most),
                        unit);
  }
  if (least) return absl::StrCat(" of at least ", DumpJson(*least), unit);
  if (most) return absl::StrCat(" of at most ", DumpJson(*most), unit);
  return "";
}

std::string DescribeString(const Json& schema) {
  const std::string format = StringOr(schema, "format");
  if (format == "date-time") {
    return "a date and time such as \"2024-05-01T10:00:00Z\"";
  }
  if (format == "date") return "a date such as \"2024-05-01\"";
  std::string text = absl::StrCat(
      "a string", Counted(schema, "minLength", "maxLength", " characters"));
  const std::string pattern = StringOr(schema, "pattern");
  if (!pattern.empty()) absl::StrAppend(&text, " that matches ", pattern);
  return text;
}

std::string RequiredMembers(const Json& schema) {
  constexpr size_t kMostNamed = 4;
  const Json* required = Find(schema, "required");
  if (!required || !required->is_array() || required->empty()) return "";
  std::vector<std::string> names;
  for (const Json& name : *required) names.push_back(QuoteValue(name));
  if (names.size() > kMostNamed) {
    names.resize(kMostNamed);
    names.push_back("…");
  }
  return absl::StrCat(" with ", absl::StrJoin(names, ", "));
}

std::string DescribeType(const std::string& type, const Json& schema) {
  if (type == "number") return Bounds(schema, "a number");
  if (type == "integer") return Bounds(schema, "an integer");
  if (type == "string") return DescribeString(schema);
  if (type == "boolean") return "true or false";
  if (type == "null") return "null";
  if (type == "array") {
    return absl::StrCat(
        "an array", Counted(schema, "minItems", "maxItems", " elements"),
        Find(schema, "uniqueItems") ? " that are all different" : "");
  }
  if (type == "object") {
    return absl::StrCat(
        "an object",
        Counted(schema, "minProperties", "maxProperties", " members"),
        RequiredMembers(schema));
  }
  return type;
}

// Without `type`, the keywords tell.
std::string GuessType(const Json& schema) {
  for (const auto& [key, type] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"minimum", "number"},
           {"maximum", "number"},
           {"exclusiveMinimum", "number"},
           {"exclusiveMaximum", "number"},
           {"multipleOf", "number"},
           {"pattern", "string"},
           {"format", "string"},
           {"minLength", "string"},
           {"maxLength", "string"},
           {"items", "array"},
           {"minItems", "array"},
           {"maxItems", "array"},
           {"uniqueItems", "array"},
           {"properties", "object"},
           {"required", "object"},
           {"minProperties", "object"},
           {"maxProperties", "object"}}) {
    if (Find(schema, key)) return type;
  }
  return "";
}

void AddOnce(std::vector<std::string>* words, std::string word) {
  if (std::find(words->begin(), words->end(), word) == words->end()) {
    words->push_back(std::move(word));
  }
}

// Insertions, deletions, changes and swaps of neighbours; case is no matter.
size_t EditDistance(const std::string& a, const std::string& b) {
  const auto same = [&](size_t i, size_t j) {
    return std::tolower(static_cast<unsigned char>(a[i - 1])) ==
           std::tolower(static_cast<unsigned char>(b[j - 1]));
  };
  std::vector<size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::move(above);
    above = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min(
          {above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row.back();
}

}  // namespace

std::string DescribeSchema(const Json& schema) {
  if (schema.is_boolean()) {
    return schema.get<bool>() ? "anything" : "nothing here";
  }
  const std::string said = StringOr(schema, "x-expected");
  if (!said.empty()) return said;
  // find(), not Find(): null is a fine constant.
  if (schema.contains("const")) return QuoteValue(schema["const"]);
  if (const Json* values = Find(schema, "enum"); values && values->is_array()) {
    std::vector<std::string> words;
    for (const Json& value : *values) words.push_back(QuoteValue(value));
    return words.size() == 1
               ? words[0]
               : absl::StrCat("one of ", absl::StrJoin(words, ", "));
  }
  if (const Json* type = Find(schema, "type")) {
    std::vector<std::string> words;
    for (const Json& name : type->is_array() ? *type : Json::array({*type})) {
      if (name.is_string()) {
        AddOnce(&words, DescribeType(name.get<std::string>(), schema));
      }
    }
    return absl::StrJoin(words, " or ");
  }
  for (const char* key : {"oneOf", "anyOf"}) {
    const Json* branches = Find(schema, key);
    if (!branches || !branches->is_array()) continue;
    std::vector<std::string> words;
    for (const Json& branch : *branches) {
      AddOnce(&words, DescribeSchema(branch));
    }
    return absl::StrJoin(words, " or ");
  }
  if (const Json* parts = Find(schema, "allOf"); parts && parts->is_array()) {
    std::vector<std::string> words;
    for (const Json& part : *parts) {
      std::string word = DescribeSchema(part);
      if (word != "anything") AddOnce(&words, std::move(word));
    }
    if (!words.empty()) return absl::StrJoin(words, " and ");
  }
  if (const Json* refused = Find(schema, "not")) {
    return absl::StrCat("anything but ", DescribeSchema(*refused));
  }
  const std::string type = GuessType(schema);
  return type.empty() ? "anything" : DescribeType(type, schema);
}

std::string QuoteValue(const Json& value) {
  if (value.is_array()) {
    return absl::StrCat("an array of ", value.size(),
                        value.size() == 1 ? " element" : " elements");
  }
  if (value.is_object()) {
    return value.empty() ? "an empty object" : "an object";
  }
  if (!value.is_string()) return DumpJson(value);
  const auto& whole = value.get_ref<const std::string&>();
  std::string text = DumpJson(value);
  if (text.size() <= kMaxQuoted) return text;
  size_t end = kMaxQuoted / 2;
  // Not inside a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return absl::StrCat(text.substr(0, end), "…\" (", whole.size(), " bytes)");
}

std::string NearestWord(const std::string& word,
                        const std::vector<std::string>& known) {
  constexpr size_t kLongest = 128;
  std::string nearest;
  if (word.size() > kLongest) return nearest;
  size_t best = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace pushbroom
