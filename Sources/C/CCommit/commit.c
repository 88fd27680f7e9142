#include "commit.h"

// `tools/package` writes the commit into this section of the finished program. The compiler must not take it for empty: volatile.
__attribute__((section(".mixtape_commit"), used)) static const volatile char commit[41] = "";

const char *mixtape_commit(void) { return (const char *)commit; }
