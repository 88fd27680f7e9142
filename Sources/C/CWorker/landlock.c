#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Version 6 can keep signals to other processes, also those that the system sends in its name, and abstract sockets apart.
// Older headers lack the field.
struct ruleset {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
#define SCOPES ((1ull << 0) | (1ull << 1))

// Rights that came after the first version of the interface; older headers lack their names.
#define RIGHT_REFER (1ull << 13)
#define RIGHT_TRUNCATE (1ull << 14)

/// Adds the file or folder to what may be read; one that is not there adds nothing.
static int allow(int rules, const char *path) {
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
        .parent_fd = open(path, O_PATH | O_CLOEXEC),
    };
    if (rule.parent_fd < 0) return 0;
    struct stat status;
    int result = 0;
    if (fstat(rule.parent_fd, &status) == 0) {
        if (S_ISDIR(status.st_mode)) rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
        if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) result = errno;
    }
    close(rule.parent_fd);
    return result;
}

int mixtape_landlock_version(void) {
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

int mixtape_read_only_beneath(const char *const *paths, size_t count) {
    const int version = mixtape_landlock_version();
    if (version == 0) return ENOSYS;
    // Everything that the first version knows, bits 0 to 12, and what later ones added.
    const struct ruleset handled = {
        .scoped = version >= 6 ? SCOPES : 0,
        .handled_access_fs = ((1ull << 13) - 1) | (version >= 2 ? RIGHT_REFER : 0)
            | (version >= 3 ? RIGHT_TRUNCATE : 0),
    };
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &handled,
        version >= 6 ? sizeof handled : sizeof handled.handled_access_fs, 0);
    if (rules < 0) return errno;
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) result = allow(rules, paths[i]);
    if (result == 0
        && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0)) {
        result = errno;
    }
    close(rules);
    return result;
}
