// What valijson reports, turned into problems for people.
#pragma once

#include <string>
#include <vector>

#include "schemas/json_schema.h"

namespace pushbroom::schema_explain {

struct Report {
  std::vector<std::string> tokens;  // of the JSON pointer
  std::string text;                 // valijson's description
};

// What our own constraints report.
inline constexpr char kPatternText[] = "pattern";
inline constexpr char kFormatText[] = "format";
inline constexpr char kUniqueText[] = "unique";

/// Never empty. `draft7` is the schema that refused `value` with `reports`.
std::vector<SchemaProblem> Explain(const Json& draft7, const Json& value,
                                   const std::vector<Report>& reports);

/// The one problem where nothing better is known.
SchemaProblem WholeProblem(const Json& draft7, const Json& value);

}  // namespace pushbroom::schema_explain
