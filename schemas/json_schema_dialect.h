// The dialects of JSON Schema made one: what json_schema works on.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/core/base/json.h"

namespace pushbroom::schema_dialect {

// Keywords that valijson would check with a fresh regular expression, or in
// quadratic time, for each value: renamed, so that our constraints take them.
inline constexpr char kPattern[] = "x-pushbroom-pattern";
inline constexpr char kFormat[] = "x-pushbroom-format";
inline constexpr char kUnique[] = "x-pushbroom-unique";

/// OpenAPI 3.0 turned into draft-07; annotations dropped; references checked:
/// kInvalidArgument where one leaves the document or leads nowhere.
absl::StatusOr<Json> ToDraft7(Json schema);

/// `draft7` with the keywords above renamed.
Json ForValijson(Json draft7);

/// Whole floating-point numbers turned into integers: JSON does not tell 5.0
/// from 5, and valijson does.
void FoldWholeNumbers(Json* value);

/// Every part of `root` that speaks of the place `tokens` of a value: through
/// references, allOf and conditions, not through alternatives.
std::vector<const Json*> SchemasAt(const Json& root,
                                   const std::vector<std::string>& tokens);

/// `schema` or what it refers to inside `root`.
const Json& Resolve(const Json& root, const Json& schema);

}  // namespace pushbroom::schema_dialect
