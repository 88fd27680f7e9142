// Tells the thread sanitizer of Swift's Mutex. One that is free the compiler takes and gives back by atomic instructions, which
// the sanitizer sees; where threads wait for each other, two functions of Swift's own library do so, which was built
// without it. Loaded before that library, these stand in front of the two and say what they order.

#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Null in programs that were built without the sanitizer.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

static void acquire(void *address) {
    if (__tsan_acquire) __tsan_acquire(address);
}

static void release(void *address) {
    if (__tsan_release) __tsan_release(address);
}

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    typedef SWIFT void (*function)(uint32_t, SELF void *);
    ((function)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) {
    typedef SWIFT void (*function)(SELF void *);
    release(mutex);
    ((function)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
