#include "service/api/negotiation.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/problem.h"

namespace pushbroom::api {
namespace {

struct Range {
  std::string essence;  // "a/b", "a/*" or "*/*"
  double q = 1;
  int Precision() const {
    if (essence == "*/*") return 0;
    return absl::EndsWith(essence, "/*") ? 1 : 2;
  }
  bool Covers(absl::string_view media) const {
    if (essence == "*/*" || essence == media) return true;
    return absl::EndsWith(essence, "/*") &&
           absl::StartsWith(media, essence.substr(0, essence.size() - 1));
  }
};

std::vector<Range> ParseAccept(absl::string_view header) {
  std::vector<Range> ranges;
  for (absl::string_view part : absl::StrSplit(header, ',')) {
    Range range;
    range.essence = EssenceOf(part);
    if (range.essence.empty()) continue;
    for (absl::string_view parameter : absl::StrSplit(part, ';')) {
      parameter = absl::StripAsciiWhitespace(parameter);
      if (absl::ConsumePrefix(&parameter, "q=") &&
          !absl::SimpleAtod(parameter, &range.q)) {
        range.q = 0;
      }
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

// The most precise range that covers a type decides about it (RFC 9110).
double QualityOf(const std::vector<Range>& ranges, absl::string_view media) {
  const Range* best = nullptr;
  for (const Range& range : ranges) {
    if (range.Covers(media) &&
        (!best || range.Precision() > best->Precision())) {
      best = &range;
    }
  }
  return best ? best->q : 0;
}

}  // namespace

std::string EssenceOf(absl::string_view media_type) {
  return absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(media_type.substr(0, media_type.find(';'))));
}

std::optional<std::string> NegotiateMedia(
    const Request& request, const std::vector<std::string>& offered) {
  if (const std::string* format = request.Query("f")) {
    const std::string wanted = *format == "json"   ? kJsonMedia
                               : *format == "html" ? kHtmlMedia
                                                   : EssenceOf(*format);
    for (const std::string& media : offered) {
      if (EssenceOf(media) == wanted) return media;
    }
    return std::nullopt;
  }
  const std::vector<Range> ranges = ParseAccept(request.Header("accept"));
  if (ranges.empty()) return offered.front();
  std::optional<std::string> best;
  double quality = 0;
  for (const std::string& media : offered) {
    const double q = QualityOf(ranges, EssenceOf(media));
    if (q > quality) {
      quality = q;
      best = media;
    }
  }
  return best;
}

Response NotAcceptable(const Request& request,
                       const std::vector<std::string>& offered) {
  return Render(PlainProblem(406, absl::StrCat("this resource is offered as ",
                                               absl::StrJoin(offered, ", "))),
                request);
}

Preferences ParsePrefer(absl::string_view header) {
  Preferences preferences;
  for (absl::string_view part : absl::StrSplit(header, ',')) {
    part = absl::StripAsciiWhitespace(part.substr(0, part.find(';')));
    if (absl::EqualsIgnoreCase(part, "respond-async")) {
      preferences.respond_async = true;
      continue;
    }
    const size_t equals = part.find('=');
    if (equals == absl::string_view::npos) continue;
    const absl::string_view name =
        absl::StripAsciiWhitespace(part.substr(0, equals));
    absl::string_view value =
        absl::StripAsciiWhitespace(part.substr(equals + 1));
    if (absl::ConsumePrefix(&value, "\"")) absl::ConsumeSuffix(&value, "\"");
    int seconds = 0;
    if (absl::EqualsIgnoreCase(name, "wait") &&
        absl::SimpleAtoi(value, &seconds) && seconds >= 0) {
      preferences.wait = absl::Seconds(seconds);
    }
  }
  return preferences;
}

bool IsJsonContent(absl::string_view content_type) {
  const std::string essence = EssenceOf(content_type);
  return essence.empty() || essence == kJsonMedia ||
         (absl::StartsWith(essence, "application/") &&
          absl::EndsWith(essence, "+json"));
}

}  // namespace pushbroom::api
