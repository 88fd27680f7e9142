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
enum {
    PIDFD_SEND_SIGNAL = 424, OPEN_TREE = 428, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, FSPICK, PIDFD_OPEN, CLONE3,
    OPENAT2 = 437, PIDFD_GETFD, PROCESS_MADVISE = 440, MOUNT_SETATTR = 442, PROCESS_MRELEASE = 448, FCHMODAT2 = 452,
    SETXATTRAT = 463, REMOVEXATTRAT = 466, OPEN_TREE_ATTR, FILE_SETATTR = 469,
};

// What a decoder needs is everything else, so what is listed is what is refused.
static const int refused[] = {
    // The network. What comes through the socket that was handed over is received, and nothing is sent.
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg,
    SYS_sendmmsg,
    // Other programs and processes; and its process group, by which it is ended.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_tkill, PIDFD_OPEN,
    PIDFD_SEND_SIGNAL, PIDFD_GETFD, PROCESS_MADVISE, PROCESS_MRELEASE, SYS_setns, SYS_unshare, SYS_setpriority,
    SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_migrate_pages,
    SYS_move_pages, SYS_ioprio_set, SYS_setpgid, SYS_setsid, SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open,
    // Names in the file system, and what is written beside a file: owners, modes, times, attributes.
    SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat, SYS_truncate,
    SYS_ftruncate, SYS_fallocate, SYS_fchmod, SYS_fchmodat, FCHMODAT2, SYS_fchown, SYS_fchownat, SYS_utimensat,
    SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SETXATTRAT,
    REMOVEXATTRAT, FILE_SETATTR, SYS_open_by_handle_at,
    // What others do with their files; and who it is itself.
    SYS_inotify_init1, SYS_inotify_add_watch, SYS_fanotify_init, SYS_fanotify_mark, SYS_lookup_dcookie, SYS_setuid,
    SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid,
    SYS_capset, SYS_personality,
    // The machine, which a worker of the superuser's could change.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, OPEN_TREE, OPEN_TREE_ATTR, MOVE_MOUNT, FSOPEN, FSCONFIG,
    FSMOUNT, FSPICK, MOUNT_SETATTR, SYS_bpf, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_perf_event_open,
    SYS_io_uring_setup, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_acct, SYS_syslog, SYS_quotactl, SYS_vhangup, SYS_sync, SYS_syncfs,
    // The limits that hold by now, which the superuser could lift.
    SYS_setrlimit,
    // What arm64 has no calls of their own for.
#if defined(__x86_64__)
    SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_creat, SYS_chmod, SYS_chown,
    SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_fork, SYS_vfork, SYS_iopl, SYS_ioperm, SYS_inotify_init,
#endif
};

// Calls that hold what they are asked for in memory, where a filter cannot look. The C library does without them where
// the system lacks them, and then uses clone and openat.
static const int missing[] = {CLONE3, OPENAT2};

/// A call that is allowed only where a word of its arguments, under the mask, is the value.
struct condition {
    int call;
    unsigned word, mask, value;
};

// An argument has two words, and the filter compares one at a time. Where the system itself looks at the low one alone
// (process numbers, flags), so does the condition.
#define LOW(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))
#define HIGH(argument) (LOW(argument) + 4)
#define ALL 0xFFFFFFFFu
#define NAMESPACES \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#define STATEMENT(code, value) ((struct sock_filter)BPF_STMT(code, value))
#define JUMP(test, value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no))
#define LOAD(place) STATEMENT(BPF_LD | BPF_W | BPF_ABS, place)
#define ALLOW STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FAIL(number) STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))

int mixtape_refuse_calls(void) {
    const unsigned self = (unsigned)getpid();
    const struct condition conditions[] = {
        // Signals to itself alone: abort() sends one.
        {SYS_kill, LOW(0), ALL, self},
        {SYS_tgkill, LOW(0), ALL, self},
        {SYS_rt_sigqueueinfo, LOW(0), ALL, self},
        {SYS_rt_tgsigqueueinfo, LOW(0), ALL, self},
        // Its own limits can be read, where none is handed over to be set.
        {SYS_prlimit64, LOW(0), ALL, 0},
        {SYS_prlimit64, LOW(2), ALL, 0},
        {SYS_prlimit64, HIGH(2), ALL, 0},
        // Descriptors are copied and described: commands 0 to 7, and 0x400 to 0x407, which hold F_DUPFD_CLOEXEC. Who is
        // sent a signal when one is ready (F_SETOWN, F_SETSIG, O_ASYNC) is not said.
        {SYS_fcntl, LOW(1), ~0x407u, 0},
        {SYS_fcntl, LOW(2), O_ASYNC, 0},
        // Devices are asked whether they are terminals. All else may change a file, or its file system.
        {SYS_ioctl, LOW(1), ALL, TCGETS},
        // Threads, no processes.
        {SYS_clone, LOW(0), CLONE_THREAD | NAMESPACES, CLONE_THREAD},
        // Files are read, whatever Landlock says, or where there is none.
        {SYS_openat, LOW(2), WRITING, 0},
#if defined(SYS_open)
        {SYS_open, LOW(1), WRITING, 0},
#endif
    };
    enum {
        REFUSED = sizeof refused / sizeof *refused,
        MISSING = sizeof missing / sizeof *missing,
        CONDITIONS = sizeof conditions / sizeof *conditions,
    };
    struct sock_filter filter[6 + 2 * (REFUSED + MISSING) + 6 * CONDITIONS + 1];
    unsigned short n = 0;
    filter[n++] = LOAD(offsetof(struct seccomp_data, arch));
    filter[n++] = JUMP(BPF_JEQ, MACHINE, 1, 0);
    filter[n++] = FAIL(EPERM);
    filter[n++] = LOAD(offsetof(struct seccomp_data, nr));
    // x86-64's second set of numbers for the same calls; none elsewhere.
    filter[n++] = JUMP(BPF_JGE, 0x40000000, 0, 1);
    filter[n++] = FAIL(EPERM);
    // Each call has its answer behind it, since jumps reach no further than 255 statements. Since Linux 5.11
    // the system works out once which numbers always go through: the list's length costs them nothing.
    for (int i = 0; i < REFUSED; i++) {
        filter[n++] = JUMP(BPF_JEQ, (unsigned)refused[i], 0, 1);
        filter[n++] = FAIL(EPERM);
    }
    for (int i = 0; i < MISSING; i++) {
        filter[n++] = JUMP(BPF_JEQ, (unsigned)missing[i], 0, 1);
        filter[n++] = FAIL(ENOSYS);
    }
    for (int i = 0; i < CONDITIONS; i++) {
        const struct condition condition = conditions[i];
        filter[n++] = LOAD(offsetof(struct seccomp_data, nr));
        filter[n++] = JUMP(BPF_JEQ, (unsigned)condition.call, 0, 4);
        filter[n++] = LOAD(condition.word);
        filter[n++] = STATEMENT(BPF_ALU | BPF_AND | BPF_K, condition.mask);
        filter[n++] = JUMP(BPF_JEQ, condition.value, 1, 0);
        filter[n++] = FAIL(EPERM);
    }
    filter[n++] = ALLOW;
    const struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    // Threads that libraries may have started by now are bound as well.
    const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    return result == 0 ? 0 : result > 0 ? EBUSY : errno;
}

#else

int mixtape_refuse_calls(void) { return ENOSYS; }

#endif
