#include "schemas/json_schema_explain.h"

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schemas/json_schema_dialect.h"

namespace pushbroom::schema_explain {
namespace {

using schema_dialect::Resolve;
using schema_dialect::SchemasAt;
using Context = std::vector<std::string>;

// What valijson says, and which keyword it speaks of. Its messages about a
// parent only repeat that a child failed.
struct Said {
  const char* prefix;
  std::array<const char*, 2> keywords;
};
constexpr Said kLeaves[] = {
    {"Value type not permitted", {"type", "type"}},
    {"Failed to match against any enum", {"enum", "enum"}},
    {"Failed to match expected value", {"const", "const"}},
    {"Expected number less", {"maximum", "exclusiveMaximum"}},
    {"Expected number greater", {"minimum", "exclusiveMinimum"}},
    {"Value should be a multiple", {"multipleOf", "multipleOf"}},
    {"String should be no more", {"maxLength", "maxLength"}},
    {"String should be no fewer", {"minLength", "minLength"}},
    {"Array should contain no more", {"maxItems", "maxItems"}},
    {"Array should contain no fewer", {"minItems", "minItems"}},
    {"Array contains more items", {"items", "items"}},
    {"Cannot validate item", {"items", "items"}},
    {"Object should have no more", {"maxProperties", "maxProperties"}},
    {"Object should have no fewer", {"minProperties", "minProperties"}},
    {"Failed to any values", {"contains", "contains"}},
    {"Target should not validate", {"not", "not"}},
    {"Failed to validate against exactly one", {"oneOf", "oneOf"}},
    {kPatternText, {"pattern", "pattern"}},
    {kFormatText, {"format", "format"}},
    {kUniqueText, {"uniqueItems", "uniqueItems"}},
};
constexpr char kNoAnyOf[] = "Failed to validate against any schemas allowed";
constexpr char kNoOneOf[] = "Failed to validate against any child schemas";
constexpr char kMissing[] = "Missing required property '";
constexpr char kDependency[] = "Missing dependency '";
constexpr char kUnwanted[] = "Object contains a property that could not";

std::string PointerTo(const Context& tokens) {
  std::string pointer;
  for (const std::string& token : tokens) {
    absl::StrAppend(&pointer, "/", PointerToken(token));
  }
  return pointer;
}

bool StartsWithTokens(const Context& tokens, const Context& prefix) {
  return prefix.size() <= tokens.size() &&
         std::equal(prefix.begin(), prefix.end(), tokens.begin());
}

const Json* ValueAt(const Json& value, const Context& tokens) {
  const Json::json_pointer pointer(PointerTo(tokens));
  return value.contains(pointer) ? &value.at(pointer) : nullptr;
}

SchemaProblem MakeProblem(const Context& tokens, std::string expected,
                          std::string got) {
  SchemaProblem problem;
  problem.pointer = PointerTo(tokens);
  problem.message = absl::StrCat("expected ", expected, ", got ", got);
  problem.expected = std::move(expected);
  problem.got = std::move(got);
  return problem;
}

bool AdmitsType(const Json& schema, const Json& value) {
  const Json* type = Find(schema, "type");
  if (!type) return true;
  const std::string name = value.is_number_integer() ? "integer"
                           : value.is_number()       ? "number"
                                                     : value.type_name();
  for (const Json& one : type->is_array() ? *type : Json::array({*type})) {
    if (one == name || (one == "number" && name == "integer")) return true;
  }
  return false;
}

bool HasRequired(const Json& schema, const Json& value) {
  const Json* required = Find(schema, "required");
  if (!required || !value.is_object()) return true;
  return std::all_of(required->begin(), required->end(), [&](const Json& name) {
    return name.is_string() && value.contains(name.get<std::string>());
  });
}

// Between the quotes at the end of valijson's message.
std::string QuotedName(const std::string& text) {
  const size_t open = text.find('\'');
  const size_t close = text.rfind('\'');
  return open < close ? text.substr(open + 1, close - open - 1) : "";
}

std::string Wanted(const Json& draft7, const Context& tokens,
                   const Said& said) {
  for (const Json* schema : SchemasAt(draft7, tokens)) {
    for (const char* keyword : said.keywords) {
      if (schema->is_object() && schema->contains(keyword)) {
        if (keyword == std::string("oneOf")) {
          return absl::StrCat("exactly one of: ", DescribeSchema(*schema));
        }
        return DescribeSchema(*schema);
      }
    }
  }
  return absl::StrCat("what \"", said.keywords[0], "\" demands");
}

std::string WantedAt(const Json& draft7, const Context& tokens) {
  for (const Json* schema : SchemasAt(draft7, tokens)) {
    std::string words = DescribeSchema(*schema);
    if (words != "anything") return words;
  }
  return tokens.empty() ? "a value that fits the schema" : "a value";
}

// valijson names the first unknown member; all are named here.
void ExplainUnwanted(const Json& draft7, const Json& value,
                     const Context& tokens,
                     std::vector<SchemaProblem>* problems) {
  std::vector<std::string> known;
  bool closed = false;
  std::vector<std::string> patterns;
  for (const Json* schema : SchemasAt(draft7, tokens)) {
    const Json* more = Find(*schema, "additionalProperties");
    if (!more || *more != false) continue;
    closed = true;
    if (const Json* properties = Find(*schema, "properties")) {
      for (const auto& [name, unused] : properties->items()) {
        known.push_back(name);
      }
    }
    if (const Json* matched = Find(*schema, "patternProperties")) {
      for (const auto& [name, unused] : matched->items()) {
        patterns.push_back(name);
      }
    }
  }
  if (!closed || !value.is_object()) return;
  for (const auto& [name, unused] : value.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end() ||
        std::any_of(patterns.begin(), patterns.end(),
                    [member = name](const std::string& pattern) {
                      return std::regex_search(member, std::regex(pattern));
                    })) {
      continue;
    }
    Context member = tokens;
    member.push_back(name);
    SchemaProblem problem;
    problem.pointer = PointerTo(member);
    problem.got = QuoteValue(Json(name));
    problem.expected =
        known.empty() ? "no members"
                      : absl::StrCat("one of ", absl::StrJoin(known, ", "));
    const std::string near = NearestWord(name, known);
    problem.message = absl::StrCat(
        "unknown member ", problem.got,
        near.empty() ? absl::StrCat(", expected ", problem.expected)
                     : absl::StrCat(", did you mean \"", near, "\""));
    problems->push_back(std::move(problem));
  }
}

void ExplainAlternatives(const Json& draft7, const Json& value,
                         const Context& tokens,
                         std::vector<SchemaProblem>* problems) {
  const Json* here = ValueAt(value, tokens);
  const std::string got = here ? QuoteValue(*here) : "nothing";
  for (const Json* schema : SchemasAt(draft7, tokens)) {
    for (const char* key : {"oneOf", "anyOf"}) {
      const Json* branches = Find(*schema, key);
      if (!branches || !here) continue;
      std::vector<const Json*> fitting;
      for (const Json& branch : *branches) {
        if (AdmitsType(Resolve(draft7, branch), *here)) {
          fitting.push_back(&branch);
        }
      }
      if (fitting.size() > 1) {
        std::vector<const Json*> complete;
        for (const Json* branch : fitting) {
          if (HasRequired(Resolve(draft7, *branch), *here)) {
            complete.push_back(branch);
          }
        }
        if (!complete.empty()) fitting = std::move(complete);
      }
      if (fitting.size() == 1) {
        Json alone = Resolve(draft7, *fitting[0]);
        for (const char* shared : {"definitions", "$defs", "components"}) {
          if (alone.is_object() && draft7.contains(shared)) {
            alone[shared] = draft7[shared];
          }
        }
        const auto compiled_alone = JsonSchema::Compile(std::move(alone));
        if (!compiled_alone.ok()) continue;
        for (SchemaProblem& problem : compiled_alone->Check(*here)) {
          problem.pointer = PointerTo(tokens) + problem.pointer;
          problems->push_back(std::move(problem));
        }
        if (!problems->empty()) return;
      }
      Json alternatives = Json::object();
      for (const Json& branch : *branches) {
        alternatives["anyOf"].push_back(Resolve(draft7, branch));
      }
      problems->push_back(
          MakeProblem(tokens, DescribeSchema(alternatives), got));
      return;
    }
  }
  problems->push_back(MakeProblem(tokens, WantedAt(draft7, tokens), got));
}

}  // namespace

std::vector<SchemaProblem> Explain(const Json& draft7, const Json& value,
                                   const std::vector<Report>& reports) {
  // Of alternatives that all failed, valijson reports every branch. Those
  // reports are dropped and one branch is explained instead.
  std::vector<Context> alternatives;
  for (const Report& report : reports) {
    if (!absl::StartsWith(report.text, kNoAnyOf) &&
        !absl::StartsWith(report.text, kNoOneOf)) {
      continue;
    }
    alternatives.push_back(report.tokens);
  }
  const auto outer = [&](const Context& tokens, bool itself) {
    return std::any_of(alternatives.begin(), alternatives.end(),
                       [&](const Context& prefix) {
                         return StartsWithTokens(tokens, prefix) &&
                                (itself || prefix.size() < tokens.size());
                       });
  };
  std::vector<SchemaProblem> problems;
  std::set<std::string> explained;
  for (const Context& tokens : alternatives) {
    if (outer(tokens, false) || !explained.insert(PointerTo(tokens)).second) {
      continue;
    }
    ExplainAlternatives(draft7, value, tokens, &problems);
  }
  Context deepest;
  for (const Report& report : reports) {
    const Context tokens = report.tokens;
    if (outer(tokens, true)) continue;
    const Json* here = ValueAt(value, tokens);
    const std::string got = here ? QuoteValue(*here) : "nothing";
    if (tokens.size() > deepest.size()) deepest = tokens;
    if (absl::StartsWith(report.text, kMissing) ||
        absl::StartsWith(report.text, kDependency)) {
      Context member = tokens;
      member.push_back(QuotedName(report.text));
      problems.push_back(
          MakeProblem(member, WantedAt(draft7, member), "nothing"));
    } else if (absl::StartsWith(report.text, kUnwanted)) {
      ExplainUnwanted(draft7, here ? *here : value, tokens, &problems);
    } else {
      for (const Said& said : kLeaves) {
        if (!absl::StartsWith(report.text, said.prefix)) continue;
        problems.push_back(
            MakeProblem(tokens, Wanted(draft7, tokens, said), got));
      }
    }
  }
  if (problems.empty()) {
    const Json* here = ValueAt(value, deepest);
    problems.push_back(MakeProblem(deepest, WantedAt(draft7, deepest),
                                   here ? QuoteValue(*here) : "nothing"));
  }
  // Several keywords of one place say the same.
  std::set<std::pair<std::string, std::string>> seen;
  problems.erase(
      std::remove_if(
          problems.begin(), problems.end(),
          [&seen](const SchemaProblem& problem) {
            return !seen.insert({problem.pointer, problem.message}).second;
          }),
      problems.end());
  return problems;
}

SchemaProblem WholeProblem(const Json& draft7, const Json& value) {
  return MakeProblem({}, WantedAt(draft7, {}), QuoteValue(value));
}

}  // namespace pushbroom::schema_explain
