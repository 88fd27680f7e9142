#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int mixtape_start_worker(
    const char *program, char *const arguments[], char *const environment[], int input, pid_t *process, int *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    // Clips as they are have hundreds of kilobytes; where so much is not to be had, it stays as it is.
    (void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // Copies above 2, so that neither is written over before its turn comes.
    int from = fcntl(input, F_DUPFD_CLOEXEC, 3), to = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
    int error = from < 0 || to < 0 ? errno : 0;
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, from, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, to, 1);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);

    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    if (!error) error = posix_spawn(process, program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    if (error) {
        close(ends[0]);
    } else {
        *output = ends[0];
    }
    return error;
}
