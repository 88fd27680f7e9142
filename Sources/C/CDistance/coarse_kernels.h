#ifndef MIXTAPE_CDISTANCE_COARSE_KERNELS_H
#define MIXTAPE_CDISTANCE_COARSE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coarse.h"

_Static_assert(255 * MIXTAPE_RUN <= 65535, "a run fits 16 bits");

/// The dimensions that a pass over a group takes at once: their codes, 16 KiB, stay in the nearest cache while every
/// query uses them.
#define TILE 32
_Static_assert(TILE % MIXTAPE_RUN == 0, "runs end where tiles do");

// Bytes are summed two rows to a 16-bit lane: `both` adds the whole lane, `high` its upper byte; in the end the upper
// row's sum is `high` and the lower one's what `both` is more than 256 of it, modulo 2¹⁶.

/// Whether this processor can run `mixtape_coarse_vbmi`.
bool mixtape_has_vbmi(void);

/// `mixtape_coarse_scan`, in AVX-512's shuffles of bytes.
void mixtape_coarse_vbmi(
    const uint8_t *codes, size_t dimension, const uint8_t *const *tables, const uint16_t *limits,
    size_t queries, uint16_t *sums, uint64_t *marks);

#endif
