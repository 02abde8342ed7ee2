#include "service/core/base/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pushbroom {
namespace {
constexpr char kPointerPayload[] = "pushbroom/json-pointer";
}  // namespace

absl::Status WithPointer(absl::Status status, absl::string_view pointer) {
  if (!status.ok() && !status.GetPayload(kPointerPayload)) {
    status.SetPayload(kPointerPayload, absl::Cord(pointer));
  }
  return status;
}

std::string PointerOf(const absl::Status& status) {
  auto payload = status.GetPayload(kPointerPayload);
  return payload ? std::string(*payload) : std::string();
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    annotated.SetPayload(type, payload);
  });
  return annotated;
}

}  // namespace pushbroom
