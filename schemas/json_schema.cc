#include "schemas/json_schema.h"

#include <regex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "schemas/json_schema_dialect.h"
#include "schemas/json_schema_explain.h"
#include "service/core/base/status.h"
#include "valijson/adapters/nlohmann_json_adapter.hpp"
#include "valijson/schema.hpp"
#include "valijson/schema_parser.hpp"
#include "valijson/validator.hpp"

namespace pushbroom {
namespace {

using valijson::adapters::Adapter;
using valijson::constraints::Constraint;
using Context = std::vector<std::string>;

// std::regex recurses with the length of its subject; a long one would be the
// end of the stack.
constexpr size_t kLongestMatched = 4096;
constexpr size_t kMostUnique = 4096;

bool Fail(valijson::ValidationResults* results, const Context& context,
          const char* text) {
  if (results) results->pushError(context, text);
  return false;
}

// valijson copies constraints through this; `Derived` is copyable.
template <typename Derived>
class OwnConstraint : public valijson::constraints::PolyConstraint {
 private:
  Constraint* cloneInto(void* place) const override {
    return new (place) Derived(*static_cast<const Derived*>(this));
  }
  size_t sizeOf() const override { return sizeof(Derived); }
};

class PatternConstraint final : public OwnConstraint<PatternConstraint> {
 public:
  explicit PatternConstraint(const std::string& pattern)
      : regex_(std::make_shared<const std::regex>(pattern)) {}
  bool validate(const Adapter& target, const Context& context,
                valijson::ValidationResults* results) const override {
    if (!target.isString()) return true;
    const std::string text = target.asString();
    if (text.size() <= kLongestMatched && std::regex_search(text, *regex_)) {
      return true;
    }
    return Fail(results, context, schema_explain::kPatternText);
  }

 private:
  std::shared_ptr<const std::regex> regex_;
};

class FormatConstraint final : public OwnConstraint<FormatConstraint> {
 public:
  explicit FormatConstraint(std::string format) : format_(std::move(format)) {}
  bool validate(const Adapter& target, const Context& context,
                valijson::ValidationResults* results) const override {
    if (!target.isString()) return true;
    const std::string text = target.asString();
    absl::Time time;
    // RFC 3339 has upper-case T and Z in all that programs write.
    const char* layout = format_ == "date" ? "%Y-%m-%d" : absl::RFC3339_full;
    if ((format_ != "date" && format_ != "date-time") ||
        (text.size() >= 10 && text[4] == '-' &&
         absl::ParseTime(layout, text, &time, nullptr))) {
      return true;
    }
    return Fail(results, context, schema_explain::kFormatText);
  }

 private:
  std::string format_;
};

class UniqueConstraint final : public OwnConstraint<UniqueConstraint> {
 public:
  bool validate(const Adapter& target, const Context& context,
                valijson::ValidationResults* results) const override {
    if (!target.isArray()) return true;
    if (target.getArraySize() > kMostUnique) {
      return Fail(results, context, schema_explain::kUniqueText);
    }
    std::vector<std::unique_ptr<valijson::adapters::FrozenValue>> seen;
    const bool unique = target.applyToArray([&](const Adapter& element) {
      for (const auto& earlier : seen) {
        if (earlier->equalTo(element, true)) return false;
      }
      seen.emplace_back(element.freeze());
      return true;
    });
    return unique || Fail(results, context, schema_explain::kUniqueText);
  }
};

template <typename Make>
class Builder final : public valijson::ConstraintBuilder {
 public:
  explicit Builder(Make make) : make_(make) {}
  Constraint* make(const Adapter& value) const override { return make_(value); }

 private:
  Make make_;
};
template <typename Make>
Builder<Make>* NewBuilder(Make make) {
  return new Builder<Make>(make);  // the parser owns it
}

// "<root>", "[a]", "[0]" → "a", "0"
Context Tokens(const Context& context) {
  Context tokens;
  for (const std::string& part : context) {
    if (part.size() >= 2 && part.front() == '[' && part.back() == ']') {
      tokens.push_back(part.substr(1, part.size() - 2));
    }
  }
  return tokens;
}

}  // namespace

struct JsonSchema::Impl {
  Json draft7;
  valijson::Schema compiled;
};

JsonSchema::JsonSchema(std::shared_ptr<const Impl> impl)
    : impl_(std::move(impl)) {}

absl::StatusOr<JsonSchema> JsonSchema::Compile(Json schema) {
  auto impl = std::make_shared<Impl>();
  PB_ASSIGN_OR_RETURN(impl->draft7,
                      schema_dialect::ToDraft7(std::move(schema)));
  const Json compiled = schema_dialect::ForValijson(impl->draft7);
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.addConstraintBuilder(
        schema_dialect::kPattern, NewBuilder([](const Adapter& value) {
          return new PatternConstraint(value.asString());
        }));
    parser.addConstraintBuilder(schema_dialect::kFormat,
                                NewBuilder([](const Adapter& value) {
                                  return new FormatConstraint(value.asString());
                                }));
    parser.addConstraintBuilder(
        schema_dialect::kUnique,
        NewBuilder([](const Adapter& value) -> Constraint* {
          if (!value.asBool()) return new FormatConstraint("");  // no check
          return new UniqueConstraint();
        }));
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(compiled),
                          impl->compiled);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a JSON Schema: ", error.what()));
  }
  return JsonSchema(std::move(impl));
}

std::vector<SchemaProblem> JsonSchema::Check(const Json& value) const {
  Json folded = value;
  schema_dialect::FoldWholeNumbers(&folded);
  try {
    // A validator keeps a cache: each check has its own.
    valijson::Validator validator;
    if (validator.validate(impl_->compiled,
                           valijson::adapters::NlohmannJsonAdapter(folded),
                           nullptr)) {
      return {};
    }
    valijson::ValidationResults results;
    validator.validate(impl_->compiled,
                       valijson::adapters::NlohmannJsonAdapter(folded),
                       &results);
    std::vector<schema_explain::Report> reports;
    for (const auto& error : results) {
      reports.push_back({Tokens(error.context), error.description});
    }
    return schema_explain::Explain(impl_->draft7, folded, reports);
  } catch (const std::exception& error) {
    SchemaProblem problem = schema_explain::WholeProblem(impl_->draft7, value);
    absl::StrAppend(&problem.message, " (", error.what(), ")");
    return {std::move(problem)};
  }
}

}  // namespace pushbroom
