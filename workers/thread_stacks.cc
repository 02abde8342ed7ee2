// civetweb asks for thread stacks of 100 KiB. The C library takes the static
// thread-local storage of every loaded library out of the stack (OpenBLAS alone
// has 60 KiB, glog and LibTorch 40 more), and refuses to start a thread when
// nothing is left. This stands before the C library's function, for the whole
// process, and rounds small wishes up; untouched pages of a stack cost nothing.
#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace {
constexpr size_t kLeastStack = size_t{1} << 20;
}

extern "C" int pthread_attr_setstacksize(pthread_attr_t* attributes,
                                         size_t size) noexcept {
  using Function = int (*)(pthread_attr_t*, size_t);
  static const auto next =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_attr_setstacksize"));
  if (next == nullptr) return ENOSYS;
  return next(attributes, std::max(size, kLeastStack));
}
