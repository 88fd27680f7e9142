// Ends workers that have too many threads. To be called by one thread at a time.

#ifndef MIXTAPE_WATCH_H
#define MIXTAPE_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

/// From now on watches a child that nobody has waited for. Returns 0, or an error number.
int mixtape_watch_add(pid_t process);

/// Counts the threads of all that are watched, and ends those that have too many. False where none is left.
bool mixtape_watch_look(void);

#endif
