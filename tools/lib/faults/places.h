// Which files are below the folder that MIXTAPE_FAULT_BELOW names. For inject.c alone.
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static const char *below;
static size_t below_length;

/// The path, where it is below the folder; else null.
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
