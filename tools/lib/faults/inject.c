// Makes one system call that writes go wrong: loaded before the C library (LD_PRELOAD), it counts the calls that change
// files below a folder, and lets the n-th fail, be torn or be the process's last.
//
//   MIXTAPE_FAULT_BELOW   the folder, as /proc shows it; files elsewhere are left alone
//   MIXTAPE_FAULT_AT      n, from 1; 0 counts alone
//   MIXTAPE_FAULT_KIND    kill: the process ends by SIGKILL before the call
//                         torn: half of the data is written, then the process ends so
//                         short: half is written, and the call says so (calls that write no data succeed)
//                         eintr: the call is interrupted once
//                         eio: the call fails once
//                         enospc: this call and every later one that could need space fails
//   MIXTAPE_FAULT_COUNT   a file that gets the number of calls when the process ends
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { COUNT, KILL, TORN, SHORT, EINTR_ONCE, EIO_ONCE, ENOSPC_ON };
/// What a call does, which decides what it can fail by.
enum call { DATA, SYNC, NAME };
enum action { PASS, FAIL, HALF, HALF_AND_KILL };

static const char *below, *count_file;
static size_t below_length;
static long at;
static enum kind kind;
static atomic_long calls;

__attribute__((constructor)) static void prepare(void) {
    const char *names[] = {"count", "kill", "torn", "short", "eintr", "eio", "enospc"};
    const char *wanted = getenv("MIXTAPE_FAULT_KIND"), *number = getenv("MIXTAPE_FAULT_AT");
    below = getenv("MIXTAPE_FAULT_BELOW");
    below_length = below ? strlen(below) : 0;
    count_file = getenv("MIXTAPE_FAULT_COUNT");
    at = number ? atol(number) : 0;
    for (int i = 0; wanted && i < 7; i++) {
        if (strcmp(wanted, names[i]) == 0) kind = (enum kind)i;
    }
}

__attribute__((destructor)) static void report(void) {
    if (!count_file) return;
    FILE *file = fopen(count_file, "we");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

static int is_below(const char *path) {
    return below_length && strncmp(path, below, below_length) == 0
        && (path[below_length] == '/' || path[below_length] == 0);
}

static int descriptor_is_below(int descriptor) {
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/// Counts a call and says what becomes of it.
static enum action next(enum call call) {
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 || number < at) return PASS;
    if (kind == ENOSPC_ON) {
        if (call == SYNC) return PASS;
        errno = ENOSPC;
        return FAIL;
    }
    if (number > at) return PASS;
    switch (kind) {
    case KILL: raise(SIGKILL); return PASS;
    case TORN:
        if (call == DATA) return HALF_AND_KILL;
        raise(SIGKILL);
        return PASS;
    case SHORT: return call == DATA ? HALF : PASS;
    case EINTR_ONCE: errno = EINTR; return FAIL;
    case EIO_ONCE: errno = EIO; return FAIL;
    default: return PASS;
    }
}

#define REAL(result, name, ...)                                                       \
    static result (*real)(__VA_ARGS__);                                               \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!descriptor_is_below(descriptor)) return real(descriptor, bytes, count);
    const enum action action = next(DATA);
    if (action == FAIL) return -1;
    if (action == PASS || count < 2) return real(descriptor, bytes, count);
    const ssize_t written = real(descriptor, bytes, count / 2);
    if (action == HALF_AND_KILL) raise(SIGKILL);
    return written;
}

static ssize_t faulty_pwrite(
    ssize_t (*real)(int, const void *, size_t, off_t), int descriptor, const void *bytes, size_t count, off_t offset) {
    if (!descriptor_is_below(descriptor)) return real(descriptor, bytes, count, offset);
    const enum action action = next(DATA);
    if (action == FAIL) return -1;
    if (action == PASS || count < 2) return real(descriptor, bytes, count, offset);
    const ssize_t written = real(descriptor, bytes, count / 2, offset);
    if (action == HALF_AND_KILL) raise(SIGKILL);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return faulty_pwrite(real, descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
    return faulty_pwrite(real, descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
    REAL(int, "fsync", int);
    return descriptor_is_below(descriptor) && next(SYNC) == FAIL ? -1 : real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(int, "fdatasync", int);
    return descriptor_is_below(descriptor) && next(SYNC) == FAIL ? -1 : real(descriptor);
}

int ftruncate(int descriptor, off_t length) {
    REAL(int, "ftruncate", int, off_t);
    return descriptor_is_below(descriptor) && next(DATA) == FAIL ? -1 : real(descriptor, length);
}

int ftruncate64(int descriptor, off_t length) {
    REAL(int, "ftruncate64", int, off_t);
    return descriptor_is_below(descriptor) && next(DATA) == FAIL ? -1 : real(descriptor, length);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return is_below(to) && next(NAME) == FAIL ? -1 : real(from, to);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return is_below(path) && next(NAME) == FAIL ? -1 : real(path);
}
