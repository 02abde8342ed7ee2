// The last wall on a thread of our own: an exception that leaves a thread ends
// the process, and every job in it.
#pragma once

#include <exception>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace pushbroom {

/// f(), which gives a Status; what it throws becomes kResourceExhausted (no
/// memory) or kInternal.
template <typename F>
absl::Status Guarded(F f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::exception& error) {
    return absl::InternalError(
        absl::StrCat("unexpected exception: ", error.what()));
  }
}

}  // namespace pushbroom
