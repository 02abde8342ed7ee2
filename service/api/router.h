// From a path and a method to the function that answers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/api/message.h"

namespace pushbroom::api {

/// Values of the path template's parameters, by name.
using PathValues = std::map<std::string, std::string, std::less<>>;

/// Immutable once filled; then thread-safe.
class Router {
 public:
  using Handler = std::function<Answer(const Request&, const PathValues&)>;

  /// `pattern` is a path whose segments are literal or "{name}".
  void Add(Method method, absl::string_view pattern, Handler handler);

  /// HEAD is answered as GET (the HTTP side drops the body), OPTIONS with
  /// Allow and what CORS wants. An unknown path gives 404, another method 405
  /// with Allow. Empty segments ("//", a trailing "/") are ignored.
  Answer Route(const Request& request) const;

 private:
  struct Entry {
    std::string pattern;
    std::vector<std::string> segments;
    std::map<Method, Handler> handlers;
  };
  std::vector<Entry> entries_;
};

}  // namespace pushbroom::api
