#include "plan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

bool mixtape_tiles_are_available(void) {
    // Linux hands out the tiles' registers, 8 KB a thread, to processes that ask (arch_prctl(2): ARCH_REQ_XCOMP_PERM of
    // XFEATURE_XTILEDATA). It may be asked more than once.
    enum { REQUEST = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

KERNEL void mixtape_tiles_configure(int rows) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } settings __attribute__((aligned(64))) = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        settings.row_bytes[i] = 64;
        settings.rows[i] = (uint8_t)(i < 6 ? rows : ROWS);
    }
    _tile_loadconfig(&settings);
}

#else

bool mixtape_tiles_are_available(void) { return false; }

#endif
