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
//   MIXTAPE_FAULT_PAUSE   milliseconds that the call that goes wrong, or every sync where none is to, takes longer: time for
//                         the program to say what it has stored
//   MIXTAPE_FAULT_COUNT   a file that gets, when the process ends, the number of calls, and how often a file was opened for
//                         writing by stdio, whose writes are not seen here: the C library makes them by calls of its own
//   MIXTAPE_FAULT_NOTE    a file that gets the call that went wrong and its file, when it does
//
// Counted are writes, changes of size, space taken ahead, syncs, files and folders that are made, emptied by being opened,
// renamed or deleted. What is stored through a mapping is not: no call makes it, only the msync after it. Calls that mixtape
// does not make on files (pwritev, link, sendfile, …) are left out.
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

enum kind { COUNT, KILL, TORN, SHORT, EINTR_ONCE, EIO_ONCE, ENOSPC_ON };
/// What a call does, which decides what it can fail by.
enum call { DATA, SIZE, SYNC, NAME };
enum action { PASS, FAIL, HALF, HALF_AND_KILL };

static const char *below, *count_file, *note_file;
static size_t below_length;
static long at, pause_milliseconds;
static enum kind kind;
static atomic_long calls, streams;

#define REAL(result, name, ...)                                                       \
    static result (*real)(__VA_ARGS__);                                               \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void prepare(void) {
    const char *names[] = {"count", "kill", "torn", "short", "eintr", "eio", "enospc"};
    const char *wanted = getenv("MIXTAPE_FAULT_KIND"), *number = getenv("MIXTAPE_FAULT_AT");
    const char *milliseconds = getenv("MIXTAPE_FAULT_PAUSE");
    below = getenv("MIXTAPE_FAULT_BELOW");
    below_length = below ? strlen(below) : 0;
    count_file = getenv("MIXTAPE_FAULT_COUNT");
    note_file = getenv("MIXTAPE_FAULT_NOTE");
    at = number ? atol(number) : 0;
    pause_milliseconds = milliseconds ? atol(milliseconds) : 0;
    for (int i = 0; wanted && i < 7; i++) {
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

// MARK: - Which files

static const char *if_below(const char *path) {
    return below_length && strncmp(path, below, below_length) == 0
            && (path[below_length] == '/' || path[below_length] == 0)
        ? path
        : NULL;
}

/// The descriptor's file in `path`, where it is below the folder; else null.
static const char *descriptor_if_below(int descriptor, char path[PATH_MAX]) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return if_below(path);
}

/// The file that is mapped at an address, in `path`, where it is below the folder; else null.
static const char *mapping_if_below(const void *address, char path[PATH_MAX]) {
    const char *found = NULL;
    char line[PATH_MAX + 100];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof line, maps)) {
        unsigned long start, stop;
        if (sscanf(line, "%lx-%lx", &start, &stop) != 2 || (unsigned long)address < start || (unsigned long)address >= stop) {
            continue;
        }
        const char *name = strchr(line, '/');
        if (!name) break;
        snprintf(path, PATH_MAX, "%.*s", (int)strcspn(name, "\n"), name);
        found = if_below(path);
        if (!found) break;
    }
    if (maps) fclose(maps);
    return found;
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

/// Counts a call and says what becomes of it.
static enum action next(enum call call, const char *name, const char *path) {
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 ? call == SYNC : number == at) usleep((useconds_t)pause_milliseconds * 1000);
    if (at == 0 || number < at) return PASS;
    if (number == at) note(name, path);
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
