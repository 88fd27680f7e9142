#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int mixtape_open_folder(int folder, const char *name) {
    const int opened = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return opened >= 0 ? opened : -errno;
}

int mixtape_rename_to_free(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

int mixtape_swap_names(int folder, const char *first, const char *second) {
    return renameat2(folder, first, folder, second, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

int mixtape_link_open_file(int file, int folder, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

int mixtape_set_modified(int folder, const char *name, int64_t nanoseconds) {
    const int64_t second = 1000000000;
    int64_t rest = nanoseconds % second;
    if (rest < 0) rest += second;
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT}, {.tv_sec = (nanoseconds - rest) / second, .tv_nsec = rest}};
    return utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int mixtape_share_blocks(int from, int to, uint64_t count) {
    struct file_dedupe_range *range = calloc(1, sizeof *range + sizeof range->info[0]);
    if (!range) return ENOMEM;
    int result = 0;
    // Filesystems take so much at once.
    const uint64_t most = 16 << 20;
    for (uint64_t done = 0; done < count && result == 0;) {
        range->src_offset = done;
        range->src_length = count - done < most ? count - done : most;
        range->dest_count = 1;
        range->info[0] = (struct file_dedupe_range_info){.dest_fd = to, .dest_offset = done};
        if (ioctl(from, FIDEDUPERANGE, range) != 0) {
            result = errno;
        } else if (range->info[0].status == FILE_DEDUPE_RANGE_DIFFERS) {
            result = -1;
        } else if (range->info[0].status < 0) {
            result = -range->info[0].status;
        } else if (range->info[0].bytes_deduped == 0) {
            result = EIO;
        } else {
            done += range->info[0].bytes_deduped;
        }
    }
    free(range);
    return result;
}

int mixtape_clone(int from, int to) { return ioctl(to, FICLONE, from) == 0 ? 0 : errno; }
