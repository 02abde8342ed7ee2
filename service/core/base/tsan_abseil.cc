// Built with ThreadSanitizer only. Debian's Abseil is not instrumented, so
// ThreadSanitizer does not see its locks and takes everything that they guard
// for a race. The linker wraps the calls (--wrap, see CMakeLists.txt here), and
// each tells what it synchronises with.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace {

// A condition is evaluated by whichever thread holds the lock just then.
struct Evaluation {
  absl::Mutex* mutex;
  const absl::Condition* condition;
};

bool Evaluate(Evaluation* evaluation) {
  __tsan_acquire(evaluation->mutex);
  const bool holds = evaluation->condition->Eval();
  __tsan_release(evaluation->mutex);
  return holds;
}

}  // namespace

// clang-format off
#define PB_REAL(name) __real__ZN4absl7debian3##name
#define PB_WRAP(name) __wrap__ZN4absl7debian3##name

extern "C" {

#define PB_WRAP_LOCK(name)                \
  void PB_REAL(name)(absl::Mutex*);       \
  void PB_WRAP(name)(absl::Mutex* mutex); \
  void PB_WRAP(name)(absl::Mutex* mutex) { PB_REAL(name)(mutex); __tsan_acquire(mutex); }
#define PB_WRAP_UNLOCK(name)              \
  void PB_REAL(name)(absl::Mutex*);       \
  void PB_WRAP(name)(absl::Mutex* mutex); \
  void PB_WRAP(name)(absl::Mutex* mutex) { __tsan_release(mutex); PB_REAL(name)(mutex); }
#define PB_WRAP_TRY(name)                 \
  bool PB_REAL(name)(absl::Mutex*);       \
  bool PB_WRAP(name)(absl::Mutex* mutex); \
  bool PB_WRAP(name)(absl::Mutex* mutex) { const bool ok = PB_REAL(name)(mutex); if (ok) __tsan_acquire(mutex); return ok; }

PB_WRAP_LOCK(5Mutex4LockEv)
PB_WRAP_LOCK(5Mutex10ReaderLockEv)
PB_WRAP_UNLOCK(5Mutex6UnlockEv)
PB_WRAP_UNLOCK(5Mutex12ReaderUnlockEv)
PB_WRAP_TRY(5Mutex7TryLockEv)

void PB_REAL(5Mutex5AwaitERKNS0_9ConditionE)(absl::Mutex*, const absl::Condition&);
void PB_WRAP(5Mutex5AwaitERKNS0_9ConditionE)(absl::Mutex* mutex, const absl::Condition& condition);
void PB_WRAP(5Mutex5AwaitERKNS0_9ConditionE)(absl::Mutex* mutex, const absl::Condition& condition) {
  Evaluation evaluation{mutex, &condition};
  __tsan_release(mutex);
  PB_REAL(5Mutex5AwaitERKNS0_9ConditionE)(mutex, absl::Condition(&Evaluate, &evaluation));
  __tsan_acquire(mutex);
}

#define PB_WRAP_AWAIT(name, Limit)                                                       \
  bool PB_REAL(name)(absl::Mutex*, const absl::Condition&, Limit);                       \
  bool PB_WRAP(name)(absl::Mutex* mutex, const absl::Condition& condition, Limit limit); \
  bool PB_WRAP(name)(absl::Mutex* mutex, const absl::Condition& condition, Limit limit) { \
    Evaluation evaluation{mutex, &condition};                                            \
    __tsan_release(mutex);                                                               \
    const bool ok = PB_REAL(name)(mutex, absl::Condition(&Evaluate, &evaluation), limit); \
    __tsan_acquire(mutex);                                                               \
    return ok;                                                                           \
  }
PB_WRAP_AWAIT(5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE, absl::Duration)
PB_WRAP_AWAIT(5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE, absl::Time)

void PB_REAL(7CondVar4WaitEPNS0_5MutexE)(absl::CondVar*, absl::Mutex*);
void PB_WRAP(7CondVar4WaitEPNS0_5MutexE)(absl::CondVar* changed, absl::Mutex* mutex);
void PB_WRAP(7CondVar4WaitEPNS0_5MutexE)(absl::CondVar* changed, absl::Mutex* mutex) {
  __tsan_release(mutex);
  PB_REAL(7CondVar4WaitEPNS0_5MutexE)(changed, mutex);
  __tsan_acquire(mutex);
}

#define PB_WRAP_WAIT(name, Limit)                                                     \
  bool PB_REAL(name)(absl::CondVar*, absl::Mutex*, Limit);                            \
  bool PB_WRAP(name)(absl::CondVar* changed, absl::Mutex* mutex, Limit limit);        \
  bool PB_WRAP(name)(absl::CondVar* changed, absl::Mutex* mutex, Limit limit) {       \
    __tsan_release(mutex);                                                            \
    const bool ok = PB_REAL(name)(changed, mutex, limit);                             \
    __tsan_acquire(mutex);                                                            \
    return ok;                                                                        \
  }
PB_WRAP_WAIT(7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE, absl::Duration)
PB_WRAP_WAIT(7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE, absl::Time)

}  // extern "C"
