// Errors. Everything fallible returns absl::Status or absl::StatusOr; a third
// party's exceptions are caught in the one folder that uses it.
//
// The codes in use, and when:
//   kInvalidArgument     what the caller sent is wrong, and stays wrong
//   kNotFound            the named thing does not exist
//   kAlreadyExists       an id is taken
//   kFailedPrecondition  right in itself, but not in this state
//   kPermissionDenied    a policy (URL gate, file roots, token) refuses
//   kResourceExhausted   a limit or a full queue; may work later or smaller
//   kCancelled           somebody dismissed the work
//   kDeadlineExceeded    time is up
//   kUnavailable         the other side is away; retry the same call
//   kUnimplemented       valid, but this program cannot do it
//   kAborted             a lease was lost: stop, publish nothing
//   kInternal            a bug here
// Messages start lower case, end without a period, and name the value and the
// limit: "tile size 4096 exceeds the maximum 1024".
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pushbroom {

/// `status` with the JSON pointer (RFC 6901) of the place it speaks of. An OK
/// status and a status that has a pointer already are returned unchanged.
absl::Status WithPointer(absl::Status status, absl::string_view pointer);

/// The JSON pointer attached by WithPointer; empty where there is none.
std::string PointerOf(const absl::Status& status);

/// `status` with "context: " before its message; code and payloads are kept.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace pushbroom

#define PB_CONCAT_INNER(a, b) a##b
#define PB_CONCAT(a, b) PB_CONCAT_INNER(a, b)

#define PB_RETURN_IF_ERROR(expr)                                            \
  do {                                                                      \
    if (absl::Status pb_status = (expr); !pb_status.ok()) return pb_status; \
  } while (false)

#define PB_ASSIGN_OR_RETURN(lhs, expr) \
  PB_ASSIGN_OR_RETURN_INNER(PB_CONCAT(pb_statusor_, __LINE__), lhs, expr)
#define PB_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) return tmp.status();             \
  lhs = std::move(tmp).value()
