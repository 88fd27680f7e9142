#include "near.h"

#include <stdbool.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
#define LANES 16

typedef float vec __attribute__((vector_size(64)));
typedef float vec_unaligned __attribute__((vector_size(64), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(64)));

_Static_assert(MIXTAPE_LEAF == 2 * LANES, "a leaf is two vectors");

/// Components after which most leaves are seen to be out of reach.
#define FIRST 4

INLINE bool any(const ivec *some, const ivec *others) {
    const ivec mask = *some | *others;
    ivec half = mask | __builtin_shufflevector(mask, mask, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    half |= __builtin_shufflevector(half, half, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    return (half[0] | half[1] | half[2] | half[3]) != 0;
}

INLINE uint32_t within_reach(const float *leaf, size_t width, const float *point) {
#define LOAD(p) (*(const vec_unaligned *)(p))
    const float *reaches = leaf + width * MIXTAPE_LEAF;
    const float reach = point[width * MIXTAPE_LEAF];
    const vec low_reach = LOAD(reaches) + reach, high_reach = LOAD(reaches + LANES) + reach;
    vec low = {0}, high = {0};
    for (size_t first = 0; first < width; first += FIRST) {
        const size_t stop = width - first < FIRST ? width : first + FIRST;
        for (size_t c = first; c < stop; c++) {
            const float x = point[c * MIXTAPE_LEAF];
            const vec a = LOAD(leaf + c * MIXTAPE_LEAF) - x, b = LOAD(leaf + c * MIXTAPE_LEAF + LANES) - x;
            low += a * a;
            high += b * b;
        }
        // Sums only grow.
        const ivec is_low = low <= low_reach, is_high = high <= high_reach;
        if (!any(&is_low, &is_high)) return 0;
    }
#undef LOAD
    const ivec is_low = low <= low_reach, is_high = high <= high_reach;
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++) {
        bits |= (uint32_t)(is_low[i] & 1) << i | (uint32_t)(is_high[i] & 1) << (LANES + i);
    }
    return bits;
}

static uint32_t within_reach_portable(const float *leaf, size_t width, const float *point) {
    return within_reach(leaf, width, point);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint32_t within_reach_avx2(
    const float *leaf, size_t width, const float *point) {
    return within_reach(leaf, width, point);
}

__attribute__((target("avx512f,avx512dq"))) static uint32_t within_reach_avx512(
    const float *leaf, size_t width, const float *point) {
    return within_reach(leaf, width, point);
}
#endif

uint32_t mixtape_within_reach(
    mixtape_variant variant, const float *leaf, size_t width, const float *point) {
#if defined(__x86_64__)
    if (variant == MIXTAPE_AVX512) return within_reach_avx512(leaf, width, point);
    if (variant == MIXTAPE_AVX2) return within_reach_avx2(leaf, width, point);
#endif
    (void)variant;
    return within_reach_portable(leaf, width, point);
}
