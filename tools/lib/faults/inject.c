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
//                         eacces: the call fails once
//                         exdev: the same, but only for a call that names two places
//                         gone: this call and every later one fails, as on a disk that went away
//                         changed: before this call, or the next one on a name below MIXTAPE_FAULT_CHANGE, another program puts
//                         a file of its own in the place of the one that the call is about, which it sets aside
//                         linked: so with the folder of that file, for which it puts a link to MIXTAPE_FAULT_DECOY
//                         kept: so with the file MIXTAPE_FAULT_KEPT, before such a call
//   MIXTAPE_FAULT_PAUSE   milliseconds that the call that goes wrong, or every sync where none is to, takes longer: time for
//                         the program to say what it has stored
//   MIXTAPE_FAULT_COUNT   a file that gets, when the process ends, the number of calls, and how often a file was opened for
//                         writing by stdio, whose writes are not seen here: the C library makes them by calls of its own
//   MIXTAPE_FAULT_NOTE    a file that gets the call that went wrong and its file, when it does
//
// Counted are writes, changes of size, space taken ahead, syncs, files and folders that are made, emptied by being opened,
// renamed, linked or deleted, times that are set. What is stored through a mapping is not: no call makes it, only the msync after
// it. Not counted: fchmod, fchown and ioctl, and calls that mixtape does not make on files (pwritev, link, sendfile, …).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "places.h"

enum kind { COUNT, KILL, TORN, SHORT, EINTR_ONCE, EIO_ONCE, ENOSPC_ON, EACCES_ONCE, EXDEV_ONCE, GONE_ON, CHANGED, LINKED, KEPT };
/// What a call does, which decides what it can fail by.
enum call { DATA, SIZE, SYNC, NAME, TWO_NAMES };
enum action { PASS, FAIL, HALF, HALF_AND_KILL };

static const char *count_file, *note_file;
static long at, pause_milliseconds;
static enum kind kind;
static atomic_long calls, streams;
static const char *changing, *decoy, *kept;

#define REAL_NAMED(real, result, name, ...)                                           \
    static result (*real)(__VA_ARGS__);                                               \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define REAL(result, name, ...) REAL_NAMED(real, result, name, __VA_ARGS__)

__attribute__((constructor)) static void prepare(void) {
    const char *names[] = {"count", "kill", "torn", "short", "eintr", "eio", "enospc",
                           "eacces", "exdev", "gone", "changed", "linked", "kept"};
    const int kinds = sizeof names / sizeof names[0];
    const char *wanted = getenv("MIXTAPE_FAULT_KIND"), *number = getenv("MIXTAPE_FAULT_AT");
    const char *milliseconds = getenv("MIXTAPE_FAULT_PAUSE");
    below = getenv("MIXTAPE_FAULT_BELOW");
    below_length = below ? strlen(below) : 0;
    count_file = getenv("MIXTAPE_FAULT_COUNT");
    note_file = getenv("MIXTAPE_FAULT_NOTE");
    changing = getenv("MIXTAPE_FAULT_CHANGE");
    decoy = getenv("MIXTAPE_FAULT_DECOY");
    kept = getenv("MIXTAPE_FAULT_KEPT");
    at = number ? atol(number) : 0;
    pause_milliseconds = milliseconds ? atol(milliseconds) : 0;
    for (int i = 0; wanted && i < kinds; i++) {
        if (strcmp(wanted, names[i]) == 0) kind = (enum kind)i;
    }
}

__attribute__((destructor)) static void report(void) {
    if (!count_file) return;
    FILE *file = fopen(count_file, "we");
    if (!file) return;
    fprintf(file, "%ld %ld\n", atomic_load(&calls), atomic_load(&streams));
    fclose(file);
}

// MARK: - What becomes of a call

static void note(const char *name, const char *path) {
    if (!note_file) return;
    char text[PATH_MAX + 32];
    const int length = snprintf(text, sizeof text, "%s %s\n", name, path);
    REAL(ssize_t, "write", int, const void *, size_t);
    const int file = open(note_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return;
    if (real(file, text, (size_t)length) < 0) perror("MIXTAPE_FAULT_NOTE");
    close(file);
}

/// What another program does just before a call on a name below the folder; 0 where the call is none.
static int interfere(enum call call, const char *path) {
    static atomic_int done;
    // Nobody else knows the names that files have for a moment, and no call deletes a file by anything but its name.
    if (kind == CHANGED && strstr(path, "/.mixtape-")) return 0;
    const size_t length = changing ? strlen(changing) : 0;
    if (!length || (call != NAME && call != TWO_NAMES) || strncmp(path, changing, length) != 0 || path[length] != '/') return 0;
    if (atomic_exchange(&done, 1)) return 0;
    REAL(int, "rename", const char *, const char *);
    REAL_NAMED(open_real, int, "open", const char *, int, ...);
    REAL_NAMED(write_real, ssize_t, "write", int, const void *, size_t);
    char place[PATH_MAX], aside[PATH_MAX + 8];
    snprintf(place, sizeof place, "%s", kind == KEPT ? kept : path);
    if (kind == LINKED) *strrchr(place, '/') = 0;
    snprintf(aside, sizeof aside, "%s.aside", place);
    real(place, aside);
    if (kind == LINKED) {
        if (symlink(decoy, place) != 0) perror("MIXTAPE_FAULT_DECOY");
        return 1;
    }
    const char text[] = "another program's file";
    const int file = open_real(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) return 1;
    if (write_real(file, text, sizeof text - 1) < 0) perror(place);
    close(file);
    return 1;
}

/// Counts a call and says what becomes of it.
static enum action next(enum call call, const char *name, const char *path) {
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 ? call == SYNC : number == at) usleep((useconds_t)pause_milliseconds * 1000);
    if (at == 0 || number < at) return PASS;
    if (kind == CHANGED || kind == LINKED || kind == KEPT) {
        if (interfere(call, path)) note(name, path);
        return PASS;
    }
    if (number == at) note(name, path);
    if (kind == GONE_ON) {
        errno = EIO;
        return FAIL;
    }
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
    case EACCES_ONCE: errno = EACCES; return FAIL;
    case EXDEV_ONCE:
        if (call != TWO_NAMES) return PASS;
        errno = EXDEV;
        return FAIL;
    default: return PASS;
    }
}

static int fails(enum call call, const char *name, const char *path) {
    return path && next(call, name, path) == FAIL;
}

static int descriptor_fails(enum call call, const char *name, int descriptor) {
    char path[PATH_MAX];
    return fails(call, name, descriptor_if_below(descriptor, path));
}

// MARK: - Data

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    char path[PATH_MAX];
    if (!descriptor_if_below(descriptor, path)) return real(descriptor, bytes, count);
    const enum action action = next(DATA, "write", path);
    if (action == FAIL) return -1;
    if (action == PASS || (action == HALF && count < 2)) return real(descriptor, bytes, count);
    const ssize_t written = real(descriptor, bytes, count / 2);
    if (action == HALF_AND_KILL) raise(SIGKILL);
    return written;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    char path[PATH_MAX];
    if (!descriptor_if_below(descriptor, path)) return real(descriptor, parts, count);
    // It may always write less than asked: here the first part that is not empty.
    int first = 0;
    while (first + 1 < count && parts[first].iov_len == 0) first++;
    return count > 0 ? write(descriptor, parts[first].iov_base, parts[first].iov_len) : 0;
}

static ssize_t faulty_pwrite(
    ssize_t (*real)(int, const void *, size_t, off_t), int descriptor, const void *bytes, size_t count, off_t offset) {
    char path[PATH_MAX];
    if (!descriptor_if_below(descriptor, path)) return real(descriptor, bytes, count, offset);
    const enum action action = next(DATA, "pwrite", path);
    if (action == FAIL) return -1;
    if (action == PASS || (action == HALF && count < 2)) return real(descriptor, bytes, count, offset);
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

// MARK: - Sizes and syncs

int ftruncate(int descriptor, off_t length) {
    REAL(int, "ftruncate", int, off_t);
    return descriptor_fails(SIZE, "ftruncate", descriptor) ? -1 : real(descriptor, length);
}

int ftruncate64(int descriptor, off_t length) {
    REAL(int, "ftruncate64", int, off_t);
    return descriptor_fails(SIZE, "ftruncate", descriptor) ? -1 : real(descriptor, length);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    REAL(int, "fallocate", int, int, off_t, off_t);
    return descriptor_fails(SIZE, "fallocate", descriptor) ? -1 : real(descriptor, mode, offset, length);
}

/// Gives the error's number back instead of leaving it in `errno`.
int posix_fallocate(int descriptor, off_t offset, off_t length) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    return descriptor_fails(SIZE, "posix_fallocate", descriptor) ? errno : real(descriptor, offset, length);
}

int fsync(int descriptor) {
    REAL(int, "fsync", int);
    return descriptor_fails(SYNC, "fsync", descriptor) ? -1 : real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(int, "fdatasync", int);
    return descriptor_fails(SYNC, "fdatasync", descriptor) ? -1 : real(descriptor);
}

int msync(void *address, size_t length, int flags) {
    REAL(int, "msync", void *, size_t, int);
    char path[PATH_MAX];
    return fails(SYNC, "msync", mapping_if_below(address, path)) ? -1 : real(address, length, flags);
}

// MARK: - Names

/// Whether the opening makes the file, or empties one that is there: SQLite asks for files to be made each time it opens them.
static int open_fails(int folder, const char *path, int flags) {
    char above[PATH_MAX];
    if (path[0] == '/' ? !if_below(path) : folder == AT_FDCWD || !descriptor_if_below(folder, above)) return 0;
    const int error = errno;
    struct stat facts;
    const int is_there = fstatat(folder, path, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    errno = error;
    if (is_there ? !(flags & O_TRUNC) || facts.st_size == 0 : !(flags & O_CREAT)) return 0;
    return next(NAME, "open", path) == FAIL;
}

/// The permissions of a file that is to be made follow the arguments that every call has.
#define PERMISSIONS(flags)                                                             \
    mode_t permissions = 0;                                                            \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {                     \
        va_list rest;                                                                  \
        va_start(rest, flags);                                                         \
        permissions = va_arg(rest, mode_t);                                            \
        va_end(rest);                                                                  \
    }

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    PERMISSIONS(flags)
    return open_fails(AT_FDCWD, path, flags) ? -1 : real(path, flags, permissions);
}

int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    PERMISSIONS(flags)
    return open_fails(AT_FDCWD, path, flags) ? -1 : real(path, flags, permissions);
}

int openat(int folder, const char *path, int flags, ...) {
    REAL(int, "openat", int, const char *, int, ...);
    PERMISSIONS(flags)
    return open_fails(folder, path, flags) ? -1 : real(folder, path, flags, permissions);
}

int openat64(int folder, const char *path, int flags, ...) {
    REAL(int, "openat64", int, const char *, int, ...);
    PERMISSIONS(flags)
    return open_fails(folder, path, flags) ? -1 : real(folder, path, flags, permissions);
}

FILE *fopen(const char *path, const char *mode) {
    REAL(FILE *, "fopen", const char *, const char *);
    if (mode[0] == 'r' && !strchr(mode, '+')) return real(path, mode);
    if (if_below(path)) atomic_fetch_add(&streams, 1);
    const int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT : 0;
    return open_fails(AT_FDCWD, path, flags) ? NULL : real(path, mode);
}

int mkdir(const char *path, mode_t permissions) {
    REAL(int, "mkdir", const char *, mode_t);
    // Most are there: then nothing is made.
    const int error = errno;
    const int is_there = access(path, F_OK) == 0;
    errno = error;
    return !is_there && fails(NAME, "mkdir", if_below(path)) ? -1 : real(path, permissions);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return fails(NAME, "rename", if_below(to)) ? -1 : real(from, to);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return fails(NAME, "unlink", if_below(path)) ? -1 : real(path);
}

/// The path of a name in an open folder, in `path`, where it is below the folder; else null.
static const char *name_if_below(int folder, const char *name, char path[2 * PATH_MAX]) {
    if (name[0] == '/') return if_below(name);
    char above[PATH_MAX];
    if (folder == AT_FDCWD || !descriptor_if_below(folder, above)) return NULL;
    snprintf(path, 2 * PATH_MAX, "%s/%s", above, name);
    return path;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    char path[2 * PATH_MAX];
    const char *below_here = name_if_below(from_folder, from, path);
    return fails(TWO_NAMES, "renameat2", below_here) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    char path[2 * PATH_MAX];
    return fails(TWO_NAMES, "linkat", name_if_below(to_folder, to, path)) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int symlinkat(const char *target, int folder, const char *name) {
    REAL(int, "symlinkat", const char *, int, const char *);
    char path[2 * PATH_MAX];
    return fails(NAME, "symlinkat", name_if_below(folder, name, path)) ? -1 : real(target, folder, name);
}

int unlinkat(int folder, const char *name, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    char path[2 * PATH_MAX];
    return fails(NAME, "unlinkat", name_if_below(folder, name, path)) ? -1 : real(folder, name, flags);
}

int mkdirat(int folder, const char *name, mode_t permissions) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    char path[2 * PATH_MAX];
    const int error = errno;
    const int is_there = faccessat(folder, name, F_OK, 0) == 0;
    errno = error;
    return !is_there && fails(NAME, "mkdirat", name_if_below(folder, name, path)) ? -1 : real(folder, name, permissions);
}

int utimensat(int folder, const char *name, const struct timespec times[2], int flags) {
    REAL(int, "utimensat", int, const char *, const struct timespec *, int);
    char path[2 * PATH_MAX];
    return fails(SIZE, "utimensat", name_if_below(folder, name, path)) ? -1 : real(folder, name, times, flags);
}
