#define _GNU_SOURCE
#include "watch.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static int start(
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

/// A worker that a thread waits for.
typedef struct {
    const char *program;
    char *const *arguments, *const *environment;
    int input, error, *output;
    pid_t *process;
    bool is_started;
} order;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
/// The next one; NULL where there is none.
static order *next;

/// How often workers are looked at. In that time one can start some hundreds of threads.
enum { NANOSECONDS = 50 * 1000 * 1000 };

/// Until there is an order, or it is time to look; for good where nobody is watched.
static void wait_for_change(bool is_watching) {
    if (!is_watching) {
        pthread_cond_wait(&change, &lock);
        return;
    }
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += NANOSECONDS;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_cond_clockwait(&change, &lock, CLOCK_MONOTONIC, &end);
}

/// Starts all workers, watches them, and never ends: what the system does at the parent's end, it does when the thread ends
/// that started the worker.
static void *look_after_workers(void *nothing) {
    pthread_mutex_lock(&lock);
    while (true) {
        const bool is_watching = mixtape_watch_look();
        if (!next) wait_for_change(is_watching);
        if (!next) continue;
        next->error = start(
            next->program, next->arguments, next->environment, next->input, next->process, next->output);
        if (!next->error) (void)mixtape_watch_add(*next->process);
        next->is_started = true;
        next = NULL;
        pthread_cond_broadcast(&change);
    }
    return nothing;
}

/// Once, while the lock is held. Returns 0, or an error number.
static int start_the_thread(void) {
    static bool is_running = false;
    if (is_running) return 0;
    pthread_t thread;
    sigset_t all, before;
    // Signals are for the threads that wait for them.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, NULL, look_after_workers, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) return error;
    pthread_detach(thread);
    is_running = true;
    return 0;
}

int mixtape_start_worker(
    const char *program, char *const arguments[], char *const environment[], int input, pid_t *process, int *output) {
    order mine = {program, arguments, environment, input, 0, output, process, false};
    pthread_mutex_lock(&lock);
    mine.error = start_the_thread();
    if (!mine.error) {
        while (next) pthread_cond_wait(&change, &lock);
        next = &mine;
        pthread_cond_broadcast(&change);
        while (!mine.is_started) pthread_cond_wait(&change, &lock);
    }
    pthread_mutex_unlock(&lock);
    return mine.error;
}

int mixtape_watch_worker(pid_t process) {
    pthread_mutex_lock(&lock);
    int error = start_the_thread();
    if (!error) error = mixtape_watch_add(process);
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
    return error;
}

int mixtape_end_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
    // Gone before the line above, it would be waited for in vain: by now it has another parent.
    if (getppid() != parent) raise(SIGKILL);
    return 0;
}
