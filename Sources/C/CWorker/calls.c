#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#if defined(MACHINE)

// Calls that came late, whose names older headers lack. Since the year in which they began, numbers are the same on all
// machines.
enum { CLONE3 = 435, OPENAT2 = 437, FACCESSAT2 = 439 };
#ifndef SYS_faccessat2
#define SYS_faccessat2 FACCESSAT2
#endif

#define CALL(name) {#name, SYS_##name}

// What a decoder and an encoder, their threads and the C library under them need; docs/reliability.md lists the same.
static const mixtape_call allowed[] = {
    // What is open is read, and said. The network is a socket that was handed over, through which files come.
    CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev), CALL(lseek), CALL(close), CALL(fcntl), CALL(ioctl),
    CALL(recvmsg), CALL(ppoll),
    // Files are opened for reading, and looked at.
    CALL(openat), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(faccessat), CALL(faccessat2), CALL(getdents64),
    // Memory.
    CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(brk),
    // Threads, and their end.
    CALL(futex), CALL(clone), CALL(set_robust_list), CALL(rseq), CALL(sched_yield), CALL(sched_getaffinity), CALL(getcpu),
    CALL(prctl), CALL(exit), CALL(exit_group),
    // Its own signals. A call that was interrupted goes on by restart_syscall.
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack), CALL(kill), CALL(tgkill),
    CALL(restart_syscall),
    // Times, random numbers, and questions about itself and the machine.
    CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(getrandom),
    CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(prlimit64),
    CALL(uname), CALL(sysinfo),
    // What arm64 has no calls of their own for. AMX's tiles are asked for by arch_prctl.
#if defined(__x86_64__)
    CALL(stat), CALL(lstat), CALL(access), CALL(poll), CALL(time), CALL(arch_prctl),
#endif
};

const mixtape_call *mixtape_allowed_calls(size_t *count) {
    *count = sizeof allowed / sizeof *allowed;
    return allowed;
}

// Calls that the C library does without where the system lacks them, and uses clone and openat. What they are asked for is in
// memory, where a filter cannot look.
static const int missing[] = {CLONE3, OPENAT2};

// Numbers from here on came after this list, and say the same: later C libraries try them, and cope.
enum { FIRST_UNKNOWN = 470 };

/// A call that is allowed only where a word of its arguments, under the mask, is one of the values. One that has several
/// conditions must fulfil all.
struct condition {
    int call;
    unsigned word, mask, count, values[6], error;
};

// An argument has two words, and the filter compares one at a time. Where the system itself looks at the low one alone
// (process numbers, flags, commands), so does the condition.
#define LOW(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))
#define HIGH(argument) (LOW(argument) + 4)
#define ALL 0xFFFFFFFFu
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
// A thread shares all with the others. The rest says where it puts its number and its own data; the last is what older C
// libraries say beside.
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define THREAD_DETAILS \
    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED)

#define STATEMENT(code, value) ((struct sock_filter)BPF_STMT(code, value))
#define JUMP(test, value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no))
#define LOAD(place) STATEMENT(BPF_LD | BPF_W | BPF_ABS, place)
#define ALLOW STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FAIL(number) STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))

int mixtape_refuse_calls(void) {
    const unsigned self = (unsigned)getpid();
    const struct condition conditions[] = {
        // Files are read, whatever Landlock says, or where there is none.
        {SYS_openat, LOW(2), WRITING, 1, {0}, EPERM},
        // Descriptors are copied and described. Who is sent a signal when one is ready (F_SETOWN, F_SETSIG, O_ASYNC) is not
        // said.
        {SYS_fcntl, LOW(1), ALL, 6, {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC}, EPERM},
        {SYS_fcntl, LOW(2), O_ASYNC, 1, {0}, EPERM},
        // Devices are asked whether they are terminals. All else may change a file, or its file system.
        {SYS_ioctl, LOW(1), ALL, 1, {TCGETS}, EPERM},
        // Threads, no processes.
        {SYS_clone, LOW(0), ~(unsigned)THREAD_DETAILS, 1, {THREAD}, EPERM},
        // Threads have names.
        {SYS_prctl, LOW(0), ALL, 2, {PR_SET_NAME, PR_GET_NAME}, EPERM},
        // Its processors, and no other process's. Whoever asks by a thread's number copes where the call is missing.
        {SYS_sched_getaffinity, LOW(0), ALL, 2, {0, self}, ENOSYS},
        // Signals to itself alone: abort() sends one.
        {SYS_kill, LOW(0), ALL, 1, {self}, EPERM},
        {SYS_tgkill, LOW(0), ALL, 1, {self}, EPERM},
        // Its own limits can be read, where none is handed over to be set.
        {SYS_prlimit64, LOW(0), ALL, 1, {0}, EPERM},
        {SYS_prlimit64, LOW(2), ALL, 1, {0}, EPERM},
        {SYS_prlimit64, HIGH(2), ALL, 1, {0}, EPERM},
#if defined(__x86_64__)
        // ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM, ARCH_REQ_XCOMP_PERM, whose names older headers lack.
        {SYS_arch_prctl, LOW(0), ALL, 3, {0x1021, 0x1022, 0x1023}, EPERM},
#endif
    };
    enum {
        ALLOWED = sizeof allowed / sizeof *allowed,
        MISSING = sizeof missing / sizeof *missing,
        CONDITIONS = sizeof conditions / sizeof *conditions,
        VALUES = sizeof conditions->values / sizeof *conditions->values,
    };
    struct sock_filter filter[6 + (5 + VALUES) * CONDITIONS + 1 + 2 * (ALLOWED + MISSING) + 1];
    unsigned short n = 0;
    filter[n++] = LOAD(offsetof(struct seccomp_data, arch));
    filter[n++] = JUMP(BPF_JEQ, MACHINE, 1, 0);
    filter[n++] = FAIL(EPERM);
    filter[n++] = LOAD(offsetof(struct seccomp_data, nr));
    // Among them x86-64's second set of numbers for the same calls.
    filter[n++] = JUMP(BPF_JGE, FIRST_UNKNOWN, 0, 1);
    filter[n++] = FAIL(ENOSYS);
    // Who fulfils the conditions goes on to the list, and all others go past them.
    for (unsigned i = 0; i < CONDITIONS; i++) {
        const struct condition condition = conditions[i];
        const unsigned char values = (unsigned char)condition.count;
        filter[n++] = JUMP(BPF_JEQ, (unsigned)condition.call, 0, values + 4);
        filter[n++] = LOAD(condition.word);
        filter[n++] = STATEMENT(BPF_ALU | BPF_AND | BPF_K, condition.mask);
        for (unsigned char j = 0; j < values; j++) {
            filter[n++] = JUMP(BPF_JEQ, condition.values[j], values - j, 0);
        }
        filter[n++] = FAIL(condition.error);
        filter[n++] = LOAD(offsetof(struct seccomp_data, nr));
    }
    // Each call has its answer behind it, since jumps reach no further than 255 statements. Since Linux 5.11
    // the system works out once which numbers always go through: the list's length costs them nothing.
    for (unsigned i = 0; i < ALLOWED; i++) {
        filter[n++] = JUMP(BPF_JEQ, (unsigned)allowed[i].number, 0, 1);
        filter[n++] = ALLOW;
    }
    for (unsigned i = 0; i < MISSING; i++) {
        filter[n++] = JUMP(BPF_JEQ, (unsigned)missing[i], 0, 1);
        filter[n++] = FAIL(ENOSYS);
    }
    filter[n++] = FAIL(EPERM);
    const struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    // Threads that libraries may have started by now are bound as well.
    const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    return result == 0 ? 0 : result > 0 ? EBUSY : errno;
}

#else

const mixtape_call *mixtape_allowed_calls(size_t *count) {
    *count = 0;
    return NULL;
}

int mixtape_refuse_calls(void) { return ENOSYS; }

#endif
