// Starts worker processes; what Swift's Glibc module does not show of the C library.

#ifndef MIXTAPE_WORKER_H
#define MIXTAPE_WORKER_H

#include <malloc.h>  // malloc_trim
#include <stddef.h>
#include <sys/types.h>

/// Starts a program with the descriptor `input` as its standard input and a pipe as its standard output, in a process
/// group of its own, with default signals and no other descriptor of this process.
///
/// All are started by one thread, which ends with this process: the system takes a thread for the parent. They are watched (see
/// mixtape_watch_worker). `output` gets the pipe's end for reading, closed in other programs. Returns 0, or an error number.
int mixtape_start_worker(
    const char *program, char *const arguments[], char *const environment[], int input, pid_t *process, int *output);

enum {
    /// As many threads have room for their stacks in 4 GB, where each has the usual 8 MB.
    MIXTAPE_MOST_THREADS = 512,
};

/// From now on, a child of this process is ended soon after it has more than MIXTAPE_MOST_THREADS threads (SIGKILL): it is looked
/// at twenty times a second, until somebody has waited for it. Nobody may have done so by now.
///
/// Returns 0, or an error number.
int mixtape_watch_worker(pid_t process);

/// Two connected sockets that keep messages apart, both closed in other programs. Returns 0, or an error number.
int mixtape_socket_pair(int ends[2]);

/// Sends a message of at most a few kilobytes with an open file. Returns 0, or an error number.
int mixtape_send_file(int socket, int file, const void *bytes, size_t count);

/// Waits for the next such message; `file` gets a descriptor of its own, or −1 where the message holds none. Returns the
/// message's size, 0 where the other end is closed, −1 on errors.
ssize_t mixtape_receive_file(int socket, void *bytes, size_t count, int *file);

/// The version of Landlock that the system has; 0 where it has none.
int mixtape_landlock_version(void);

/// From now on, and for good, the calling thread and those that it starts open no file by its name but those beneath
/// `paths`, for reading alone (Landlock). Its other threads are not bound. What is open stays open, and can be changed
/// where it was opened for that. Paths that are not there are passed over. Returns 0, or an error number where the
/// system has no such rules.
int mixtape_read_only_beneath(const char *const *paths, size_t count);

/// From now on, and for good, the calling process ends with its parent, which has that number; where it is gone by now, at
/// once. Returns 0, or an error number.
int mixtape_end_with_parent(pid_t parent);

/// From now on, and for good, the calling thread and those that it starts may do nothing that an ordinary user may not, but for
/// reading any file where that could be done before. Returns 0, or an error number.
int mixtape_drop_capabilities(void);

/// A system call, by the name and the number that it has in the system's headers.
typedef struct {
    const char *name;
    int number;
} mixtape_call;

/// The calls that mixtape_refuse_calls leaves, some of them under conditions.
const mixtape_call *mixtape_allowed_calls(size_t *count);

/// From now on, and for good, threads of this process make no system calls but those of mixtape_allowed_calls: they open no
/// socket and send through none, start no program or other process, signal none and look into none, open no file for
/// writing, make, rename, remove, cut or mark none, mount nothing and change no limits. Other calls fail with
/// EPERM (seccomp). Threads can be started, files be read, by any name that Landlock leaves, and what is open for writing be
/// written. clone3 and openat2, whose arguments no filter sees, and what is newer than the list fail with ENOSYS,
/// as on a system that lacks them.
///
/// Returns 0, or an error number where the system has no such filter; then nothing of this holds.
int mixtape_refuse_calls(void);

#endif
