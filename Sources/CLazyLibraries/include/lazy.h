#ifndef MIXTAPE_CLAZYLIBRARIES_H
#define MIXTAPE_CLAZYLIBRARIES_H

// FFmpeg and OpenBLAS, loaded when a function of theirs is first called.
//
// FFmpeg brings about 140 libraries, whose loading takes 40 ms: more than searching a hundred thousand indexed videos.
// So nothing links these libraries; this target defines each function of theirs that is used, as a jump to the
// real one. A function that is missing in the list in lazy.c is an undefined symbol when the program is linked.
// OpenBLAS, moreover, is told of the processor by a variable that it reads when it is loaded.

#include <stdbool.h>

/// Whether a function of the library has been called: "avformat", "avcodec", "avutil", "swscale" or "openblas".
bool mixtape_library_is_loaded(const char *name);

#endif
