#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

// The network; other programs and processes; the file system's names. What a decoder needs is everything else, so what
// is listed is what is refused. Calls that some machines lack have other names there.
static const int refused[] = {
    SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept4, SYS_sendto, SYS_execve, SYS_execveat, SYS_ptrace,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat,
    SYS_mknodat, SYS_fchmod, SYS_fchmodat, SYS_fchownat, SYS_truncate, SYS_mount, SYS_umount2, SYS_chroot, SYS_setns,
    SYS_unshare, SYS_bpf, SYS_keyctl, SYS_perf_event_open, SYS_io_uring_setup,
#if defined(SYS_accept)
    SYS_accept,
#endif
#if defined(SYS_renameat)
    SYS_renameat,
#endif
#if defined(__x86_64__)
    SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_creat, SYS_chmod, SYS_chown,
    SYS_lchown, SYS_fork, SYS_vfork,
#endif
};

int mixtape_refuse_calls(void) {
#if defined(MACHINE)
    enum { COUNT = sizeof refused / sizeof *refused };
    struct sock_filter filter[COUNT + 7];
    unsigned short n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    // x86-64's second set of numbers for the same calls; none elsewhere.
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, COUNT + 1, 0);
    for (int i = 0; i < COUNT; i++) {
        // On a hit over the calls that are left, and over the statement that allows.
        filter[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i], (unsigned char)(COUNT - i), 0);
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    const struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}
