#ifndef MIXTAPE_CLAZYLIBRARIES_H
#define MIXTAPE_CLAZYLIBRARIES_H

// FFmpeg, OpenBLAS and libpq, loaded when a function of theirs is first called.
//
// FFmpeg brings about 140 libraries, whose loading takes 40 ms: more than searching a hundred thousand indexed videos.
// So nothing links these libraries; this target defines each function of theirs that is used, as a jump to the
// real one. A function that is missing in the list in lazy.c is an undefined symbol when the program is linked.
// OpenBLAS, moreover, is told of the processor by a variable that it reads when it is loaded. libpq is for those alone
// whose index is on a server, and need not be installed.

#include <stdbool.h>

/// Whether a function of the library has been called: "avformat", "avcodec", "avutil", "swscale", "openblas" or "pq".
bool mixtape_library_is_loaded(const char *name);

/// Whether the library can be loaded. To be asked before the first call of one that may be missing: the call itself would
/// end the program.
bool mixtape_library_is_there(const char *name);

#endif
