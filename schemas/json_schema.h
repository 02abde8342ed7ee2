// JSON Schema: draft-07, and the dialect of OpenAPI 3.0 that OGC process
// descriptions use. The only user of valijson.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// What is wrong with one place of a value, in words for people.
struct SchemaProblem {
  std::string pointer;   // JSON pointer into the value; "" is the whole of it
  std::string message;   // "expected a number between 0 and 1, got \"abc\""
  std::string expected;  // "a number between 0 and 1"
  std::string got;       // "\"abc\""; "nothing" where a member is missing
};

/// A compiled schema. Copies share what is compiled. Immutable; thread-safe.
///
/// Beside draft-07: `nullable`, boolean `exclusiveMinimum`/`exclusiveMaximum`;
/// `format` is checked for date-time and date and ignored otherwise; 5.0 is an
/// integer. `$ref` may point into the schema itself only. The annotation
/// `x-expected` says in words what a schema wants.
class JsonSchema {
 public:
  /// kInvalidArgument if `schema` is no schema: an unknown type, a pattern
  /// that is no regular expression, a reference that leads nowhere.
  static absl::StatusOr<JsonSchema> Compile(Json schema);

  /// Every problem found, in no particular order; empty: valid. Where none of
  /// several alternatives fits, the problems are those of the alternative of
  /// the value's type if there is just one, else one problem for the place.
  std::vector<SchemaProblem> Check(const Json& value) const;

 private:
  struct Impl;
  explicit JsonSchema(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// What a schema wants, in words: "a number between 0 and 1".
std::string DescribeSchema(const Json& schema);

/// A value as messages quote it: at most 80 bytes.
std::string QuoteValue(const Json& value);

/// Of `known`, the word that `word` was probably meant to be; empty if none
/// is near.
std::string NearestWord(const std::string& word,
                        const std::vector<std::string>& known);

}  // namespace pushbroom
