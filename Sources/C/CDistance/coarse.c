#include "coarse.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// MARK: Codes

void mixtape_encode(
    const mixtape_grid *grid, const mixtape_rows *rows, size_t first, size_t count, uint8_t *codes,
    uint64_t *unbounded) {
    const size_t dimension = grid->dimension;
    memset(codes, 0, dimension * MIXTAPE_GROUP);
    memset(unbounded, 0, MIXTAPE_GROUP_WORDS * sizeof(uint64_t));
    for (size_t row = 0; row < count; row++) {
        const float *means = rows->means + (first + row) * rows->stride;
        const float *variances = rows->variances + (first + row) * rows->stride;
        bool bounded = true;
        for (size_t d = 0; d < dimension; d++) {
            const float mean = means[d], variance = variances[d];
            const float *mean_bounds = grid->means + d * MIXTAPE_MEAN_CELLS;
            const float *variance_bounds = grid->variances + d * MIXTAPE_VARIANCE_CELLS;
            unsigned m = 0, v = 0;
            for (int i = 0; i < MIXTAPE_MEAN_CELLS - 1; i++) m += mean >= mean_bounds[i];
            for (int i = 0; i < MIXTAPE_VARIANCE_CELLS - 1; i++) v += variance >= variance_bounds[i];
            // Written so that a NaN fails.
            bounded &= fabsf(mean) < INFINITY && variance > 0
                && variance <= variance_bounds[MIXTAPE_VARIANCE_CELLS - 1];
            codes[d * MIXTAPE_GROUP + row] = (uint8_t)(v * MIXTAPE_MEAN_CELLS + m);
        }
        if (!bounded) unbounded[row / 64] |= 1ull << (row % 64);
    }
}

// MARK: Tables

// 4 × a term of the distance is log(1 + (a − b)²/4ab) + λΔ²/(a + b). It falls in b down to
// b* = ½(λΔ² + √(λ²Δ⁴ + 4a²)) and rises from there, and rises in |Δ|: over a cell it is least at the Δ nearest to 0 and
// the b nearest to b*, which for a given Δ is inside one cell, and at a bound of all others.
// What rounding may add to a bound is below 1e-6 of it, and is taken off.
void mixtape_cell_bounds(const mixtape_query *query, const mixtape_grid *grid, float *bounds) {
    const double keep = 0.25 * (1 - 2e-6);
    for (size_t d = 0; d < grid->dimension; d++) {
        const float *mean_bounds = grid->means + d * MIXTAPE_MEAN_CELLS;
        const float *variance_bounds = grid->variances + d * MIXTAPE_VARIANCE_CELLS;
        const double mean = query->mean[d], a = query->variance[d];
        double logarithms[MIXTAPE_VARIANCE_CELLS], scales[MIXTAPE_VARIANCE_CELLS];
        for (int v = 0; v < MIXTAPE_VARIANCE_CELLS; v++) {
            const double b = variance_bounds[v];
            logarithms[v] = log1p((a - b) * (a - b) / (4 * a * b));
            scales[v] = 1 / (a + b);
        }
        for (int m = 0; m < MIXTAPE_MEAN_CELLS; m++) {
            double offset = 0;
            if (m > 0 && mean < mean_bounds[m - 1]) offset = mean_bounds[m - 1] - mean;
            if (m < MIXTAPE_MEAN_CELLS - 1 && mean > mean_bounds[m]) offset = mean - mean_bounds[m];
            const double square = query->lambda * offset * offset;
            const double best = 0.5 * (square + sqrt(square * square + 4 * a * a));
            for (int v = 0; v < MIXTAPE_VARIANCE_CELLS; v++) {
                double bound;
                if (best > variance_bounds[v]) {
                    bound = logarithms[v] + square * scales[v];
                } else if (v > 0 && best < variance_bounds[v - 1]) {
                    bound = logarithms[v - 1] + square * scales[v - 1];
                } else {
                    // 0, exactly, where Δ is.
                    bound = square == 0
                        ? 0
                        : log1p((a - best) * (a - best) / (4 * a * best)) + square / (a + best);
                }
                bounds[d * MIXTAPE_CELLS + (size_t)(v * MIXTAPE_MEAN_CELLS + m)] = (float)(keep * bound);
            }
        }
    }
}

INLINE void fill_table(const float *bounds, size_t count, float scale, float largest, uint8_t *table) {
    for (size_t i = 0; i < count; i++) {
        float entry = bounds[i] * scale;
        // A NaN becomes 0, which bounds anything.
        entry = entry > 0 ? entry : 0;
        table[i] = (uint8_t)(int32_t)(entry < largest ? entry : largest);
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void fill_avx2(
    const float *bounds, size_t count, float scale, float largest, uint8_t *table) {
    fill_table(bounds, count, scale, largest, table);
}
#endif

void mixtape_cell_table(
    mixtape_variant variant, const float *bounds, size_t dimension, float unit, unsigned largest,
    uint8_t *table) {
    const size_t count = dimension * MIXTAPE_CELLS;
#if defined(__x86_64__)
    if (variant != MIXTAPE_PORTABLE) {
        fill_avx2(bounds, count, 1 / unit, (float)largest, table);
        return;
    }
#endif
    (void)variant;
    fill_table(bounds, count, 1 / unit, (float)largest, table);
}
