// What Swift's Glibc module does not show of the C library: calls on names in open folders.

#ifndef MIXTAPE_FILES_H
#define MIXTAPE_FILES_H

#include <stdint.h>

/// Opens a folder to look up names in it; a symbolic link is none. Returns a descriptor, or an error number, negative.
int mixtape_open_folder(int folder, const char *name);

/// Gives a file another name, which must be free. Returns 0, or an error number.
int mixtape_rename_to_free(int from_folder, const char *from, int to_folder, const char *to);

/// Two files of a folder swap their names, at once. Returns 0, or an error number.
int mixtape_swap_names(int folder, const char *first, const char *second);

/// Gives an open file a further name. Returns 0, or an error number.
int mixtape_link_open_file(int file, int folder, const char *name);

/// Sets when an entry of a folder, itself and no file that it links to, was last written, in nanoseconds since 1970. Returns 0, or
/// an error number.
int mixtape_set_modified(int folder, const char *name, int64_t nanoseconds);

/// Has `to` share the blocks of `from`, of `count` bytes each, where the filesystem finds the bytes equal. Returns 0, an error
/// number, or −1 where they differ.
int mixtape_share_blocks(int from, int to, uint64_t count);

/// Makes the empty file `to` a copy of `from` that shares its blocks. Returns 0, or an error number.
int mixtape_clone(int from, int to);

#endif
