// Starts worker processes; what Swift's Glibc module does not show of the C library.

#ifndef MIXTAPE_WORKER_H
#define MIXTAPE_WORKER_H

#include <sys/types.h>

/// Starts a program with the descriptor `input` as its standard input and a pipe as its standard output, in a process
/// group of its own, with default signals and no other descriptor of this process.
///
/// `output` gets the pipe's end for reading, closed in other programs. Returns 0, or an error number.
int mixtape_start_worker(
    const char *program, char *const arguments[], char *const environment[], int input, pid_t *process, int *output);

#endif
