// The values of one input: unwrapped, counted, checked, and put where they
// belong in the ExecuteRequest.
#pragma once

#include <string>

#include "service/api/execute_body.h"

namespace pushbroom::api {

/// Thread-compatible. Borrows both arguments.
class InputReader {
 public:
  InputReader(const ExecuteContext& context, ParsedExecute& parsed)
      : context_(context), parsed_(parsed) {}

  /// Reads what was given for input `id`; `pointer` is its place in the body.
  void Read(const std::string& id, const Json& description, const Json& given,
            const std::string& pointer);

 private:
  // One value out of its wrapping.
  struct Unwrapped {
    const Json* value = nullptr;  // null: `href` or an error
    std::string pointer;
    std::string media_type;
    std::string href;
  };

  bool IsImagery(const std::string& id) const;
  bool IsBuiltIn() const { return context_.process.model_digest.empty(); }
  void Error(std::string pointer, std::string detail);

  Unwrapped Unwrap(const Json& given, const std::string& pointer,
                   bool bare_object_allowed);
  bool Check(const Json& schema, const Unwrapped& unwrapped);
  void ReadScene(const std::string& id, const Json& schema, const Json& given,
                 const std::string& pointer);
  void Store(const std::string& id, const Json& value,
             const std::string& pointer);
  void StoreBands(const Json& value, const std::string& pointer);
  void StoreRadiometry(const Json& value, const std::string& pointer);

  const ExecuteContext& context_;
  ParsedExecute& parsed_;
};

/// True if the schema, or one of its parts, has this `format`.
bool HasFormat(const Json& schema, absl::string_view format);

}  // namespace pushbroom::api
