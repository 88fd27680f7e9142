#define _GNU_SOURCE
#include "watch.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// The system has no such limit that would hold for the superuser, or that would count one process's threads alone.

enum { PIDFD_SEND_SIGNAL = 424 };

/// A process, and its folder in /proc, which stays that process's where another gets its number later.
typedef struct {
    pid_t process;
    int folder;
} watched;

static watched *all;
static size_t count, room;

int mixtape_watch_add(pid_t process) {
    if (count == room) {
        watched *const more = realloc(all, (2 * room + 8) * sizeof *all);
        if (!more) return ENOMEM;
        all = more;
        room = 2 * room + 8;
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)process);
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno;
    all[count++] = (watched){process, folder};
    return 0;
}

/// −1 where the process is gone and somebody has waited for it.
static long threads(int folder) {
    const int file = openat(folder, "stat", O_RDONLY | O_CLOEXEC);
    // Where this process has no descriptor left, the worker is looked at again.
    if (file < 0) return errno == ENOENT || errno == ESRCH ? -1 : 0;
    char line[1024];
    const ssize_t length = read(file, line, sizeof line - 1);
    close(file);
    if (length <= 0) return -1;
    line[length] = 0;
    // The program's name, which may hold anything, ends at the last bracket; after it they are the 18th number.
    const char *place = strrchr(line, ')');
    for (int i = 0; place && i < 18; i++) place = strchr(place + 1, ' ');
    return place ? strtol(place, NULL, 10) : -1;
}

bool mixtape_watch_look(void) {
    for (size_t i = 0; i < count;) {
        const long number = threads(all[i].folder);
        if (number < 0) {
            close(all[i].folder);
            all[i] = all[--count];
            continue;
        }
        if (number > MIXTAPE_MOST_THREADS
            && syscall(PIDFD_SEND_SIGNAL, all[i].folder, SIGKILL, NULL, 0) != 0 && errno != ESRCH) {
            // Linux before 5.1.
            kill(all[i].process, SIGKILL);
        }
        i++;
    }
    return count > 0;
}
