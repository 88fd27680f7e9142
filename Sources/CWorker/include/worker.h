// Starts worker processes; what Swift's Glibc module does not show of the C library.

#ifndef MIXTAPE_WORKER_H
#define MIXTAPE_WORKER_H

#include <malloc.h>  // malloc_trim
#include <stddef.h>
#include <sys/types.h>

/// Starts a program with the descriptor `input` as its standard input and a pipe as its standard output, in a process
/// group of its own, with default signals and no other descriptor of this process.
///
/// `output` gets the pipe's end for reading, closed in other programs. Returns 0, or an error number.
int mixtape_start_worker(
    const char *program, char *const arguments[], char *const environment[], int input, pid_t *process, int *output);

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

/// From now on, and for good, no thread of this process opens a socket or sends through one, starts a program or
/// another process, signals or looks into one, opens a file for writing, makes, renames, removes, cuts or marks one,
/// mounts anything or changes its own limits: such calls fail with EPERM (seccomp). Threads can be started, files be
/// read, by any name that Landlock leaves, and what is open for writing be written. clone3 and openat2, whose arguments
/// no filter sees, fail with ENOSYS, as on a system that lacks them.
///
/// Returns 0, or an error number where the system has no such filter; then nothing of this holds.
int mixtape_refuse_calls(void);

#endif
