#include "coarse.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// MARK: Sums

_Static_assert(255 * MIXTAPE_RUN <= 65535, "a run fits 16 bits");

/// The dimensions that a pass over a group takes at once: their codes, 16 KiB, stay in the nearest cache while every
/// query uses them.
#define TILE 32
_Static_assert(TILE % MIXTAPE_RUN == 0, "runs end where tiles do");

static void scan_portable(
    const uint8_t *codes, size_t dimension, const uint8_t *const *tables, const uint16_t *limits,
    size_t queries, uint16_t *sums, uint64_t *marks) {
    for (size_t q = 0; q < queries; q++) {
        uint16_t *sum = sums + q * MIXTAPE_GROUP;
        uint64_t *mark = marks + q * MIXTAPE_GROUP_WORDS;
        memset(sum, 0, MIXTAPE_GROUP * sizeof *sum);
        for (size_t first = 0; first < dimension; first += MIXTAPE_RUN) {
            const size_t stop = dimension - first < MIXTAPE_RUN ? dimension : first + MIXTAPE_RUN;
            uint16_t run[MIXTAPE_GROUP] = {0};
            for (size_t d = first; d < stop; d++) {
                const uint8_t *table = tables[q] + d * MIXTAPE_CELLS, *code = codes + d * MIXTAPE_GROUP;
                for (size_t r = 0; r < MIXTAPE_GROUP; r++) run[r] += table[code[r]];
            }
            for (size_t r = 0; r < MIXTAPE_GROUP; r++) sum[r] += run[r] < 255 ? run[r] : 255;
        }
        for (size_t w = 0; w < MIXTAPE_GROUP_WORDS; w++) {
            uint64_t bits = 0;
            for (size_t r = 0; r < 64; r++) bits |= (uint64_t)(sum[w * 64 + r] <= limits[q]) << r;
            mark[w] = bits;
        }
    }
}

#if defined(__x86_64__)

// Bytes are summed two rows to a 16-bit lane: `both` adds the whole lane, `high` its upper byte; in the end the upper
// row's sum is `high` and the lower one's what `both` is more than 256 of it, modulo 2¹⁶.

#define VBMI __attribute__((target("avx512f,avx512bw,avx512vbmi,bmi2")))

/// 12 KiB: codes lie in one stream, and hardware prefetchers stop at each page's end. Into the second cache, since the
/// first is full of the query's table: measured 13.4 ns a row against 18.8 without and 22 into the first.
#define CODES_AHEAD (24 * MIXTAPE_GROUP)

VBMI INLINE void tile_vbmi(
    const uint8_t *codes, size_t dimensions, const uint8_t *table, uint16_t *sums, bool begins, bool ahead) {
    enum { parts = MIXTAPE_GROUP / 64 };
    __m512i both[parts], high[parts], run[parts];
    for (int i = 0; i < parts; i++) {
        both[i] = begins ? _mm512_setzero_si512() : _mm512_loadu_si512(sums + i * 64);
        high[i] = begins ? _mm512_setzero_si512() : _mm512_loadu_si512(sums + i * 64 + 32);
    }
    for (size_t first = 0; first < dimensions; first += MIXTAPE_RUN) {
        const size_t stop = dimensions - first < MIXTAPE_RUN ? dimensions : first + MIXTAPE_RUN;
        for (int i = 0; i < parts; i++) run[i] = _mm512_setzero_si512();
        for (size_t d = first; d < stop; d++) {
            const __m512i low = _mm512_loadu_si512(table + d * 128);
            const __m512i rest = _mm512_loadu_si512(table + d * 128 + 64);
            const uint8_t *code = codes + d * MIXTAPE_GROUP;
#pragma clang loop unroll(full)
            for (int i = 0; i < parts; i++) {
                const __m512i entry = _mm512_permutex2var_epi8(low, _mm512_loadu_si512(code + i * 64), rest);
                run[i] = _mm512_adds_epu8(run[i], entry);
                if (ahead) __builtin_prefetch(code + CODES_AHEAD + i * 64, 0, 2);
            }
        }
        for (int i = 0; i < parts; i++) {
            both[i] = _mm512_add_epi16(both[i], run[i]);
            high[i] = _mm512_add_epi16(high[i], _mm512_srli_epi16(run[i], 8));
        }
    }
    for (int i = 0; i < parts; i++) {
        _mm512_storeu_si512(sums + i * 64, both[i]);
        _mm512_storeu_si512(sums + i * 64 + 32, high[i]);
    }
}

VBMI static void scan_vbmi(
    const uint8_t *codes, size_t dimension, const uint8_t *const *tables, const uint16_t *limits,
    size_t queries, uint16_t *sums, uint64_t *marks) {
    const size_t tile = queries == 1 ? dimension : TILE;
    for (size_t d = 0; d < dimension; d += tile) {
        const size_t width = dimension - d < tile ? dimension - d : tile;
        for (size_t q = 0; q < queries; q++) {
            const uint8_t *code = codes + d * MIXTAPE_GROUP, *table = tables[q] + d * MIXTAPE_CELLS;
            uint16_t *sum = sums + q * MIXTAPE_GROUP;
            // The first query meets the codes in memory; the others find them where it left them.
            if (q == 0) {
                tile_vbmi(code, width, table, sum, d == 0, true);
            } else {
                tile_vbmi(code, width, table, sum, d == 0, false);
            }
        }
    }
    for (size_t q = 0; q < queries; q++) {
        const __m512i limit = _mm512_set1_epi16((int16_t)limits[q]);
        for (size_t w = 0; w < MIXTAPE_GROUP_WORDS; w++) {
            const uint16_t *sum = sums + q * MIXTAPE_GROUP + w * 64;
            const __m512i both = _mm512_loadu_si512(sum), high = _mm512_loadu_si512(sum + 32);
            const __m512i low = _mm512_sub_epi16(both, _mm512_slli_epi16(high, 8));
            marks[q * MIXTAPE_GROUP_WORDS + w]
                = _pdep_u64(_mm512_cmple_epu16_mask(low, limit), 0x5555555555555555)
                | _pdep_u64(_mm512_cmple_epu16_mask(high, limit), 0xaaaaaaaaaaaaaaaa);
        }
    }
}

#define AVX2 __attribute__((target("avx2")))

/// Entries of 32 codes: one shuffle a cell of variances, and the variance's bits choose among them.
AVX2 INLINE __m256i entries_avx2(const __m256i *cells, __m256i code) {
    // A shuffle gives 0 where an index has its highest bit: cells of even and of odd number are put together by "or", which
    // more of the processor's ports can do than choose.
    const __m256i even = _mm256_add_epi8(_mm256_and_si256(code, _mm256_set1_epi8(0x1f)), _mm256_set1_epi8(0x70));
    const __m256i odd = _mm256_xor_si256(even, _mm256_set1_epi8((char)0x80));
#define PAIR(v) _mm256_or_si256(_mm256_shuffle_epi8(cells[v], even), _mm256_shuffle_epi8(cells[v + 1], odd))
    // The highest bit of a byte decides.
    const __m256i two = _mm256_slli_epi16(code, 2), four = _mm256_slli_epi16(code, 1);
    const __m256i low = _mm256_blendv_epi8(PAIR(0), PAIR(2), two);
    const __m256i high = _mm256_blendv_epi8(PAIR(4), PAIR(6), two);
#undef PAIR
    return _mm256_blendv_epi8(low, high, four);
}

/// Adds a run of dimensions to the sums of a group's rows. Codes are read in the order in which they lie in memory, and the
/// next run's are asked for, 4 KiB on: measured 22 ns a row, as from the cache, against 34 without and 90 where 32 rows at
/// a time step through the dimensions.
AVX2 INLINE void run_avx2(
    const uint8_t *codes, size_t dimensions, const uint8_t *table, uint16_t *sums, bool begins, bool ahead) {
    enum { parts = MIXTAPE_GROUP / 32 };
    __m256i run[parts];
    for (int i = 0; i < parts; i++) run[i] = _mm256_setzero_si256();
    for (size_t d = 0; d < dimensions; d++) {
        __m256i cells[MIXTAPE_VARIANCE_CELLS];
#pragma clang loop unroll(full)
        for (int v = 0; v < MIXTAPE_VARIANCE_CELLS; v++) {
            cells[v] = _mm256_broadcastsi128_si256(
                _mm_loadu_si128((const __m128i *)(table + d * MIXTAPE_CELLS + v * MIXTAPE_MEAN_CELLS)));
        }
        const uint8_t *code = codes + d * MIXTAPE_GROUP;
        for (int i = 0; i < parts; i++) {
            if (ahead && i % 2 == 0) __builtin_prefetch(code + MIXTAPE_RUN * MIXTAPE_GROUP + i * 32);
            run[i] = _mm256_adds_epu8(
                run[i], entries_avx2(cells, _mm256_loadu_si256((const __m256i *)(code + i * 32))));
        }
    }
    for (int i = 0; i < parts; i++) {
        __m256i *sum = (__m256i *)(sums + i * 32);
        const __m256i high = _mm256_srli_epi16(run[i], 8);
        _mm256_storeu_si256(sum, begins ? run[i] : _mm256_add_epi16(_mm256_loadu_si256(sum), run[i]));
        _mm256_storeu_si256(sum + 1, begins ? high : _mm256_add_epi16(_mm256_loadu_si256(sum + 1), high));
    }
}

AVX2 static void scan_avx2(
    const uint8_t *codes, size_t dimension, const uint8_t *const *tables, const uint16_t *limits,
    size_t queries, uint16_t *sums, uint64_t *marks) {
    for (size_t first = 0; first < dimension; first += TILE) {
        const size_t stop = dimension - first < TILE ? dimension : first + TILE;
        for (size_t q = 0; q < queries; q++) {
            for (size_t begin = first; begin < stop; begin += MIXTAPE_RUN) {
                const size_t width = stop - begin < MIXTAPE_RUN ? stop - begin : MIXTAPE_RUN;
                const uint8_t *code = codes + begin * MIXTAPE_GROUP;
                const uint8_t *table = tables[q] + begin * MIXTAPE_CELLS;
                // The first query meets the codes in memory; the others find them where it left them.
                if (q == 0) {
                    run_avx2(code, width, table, sums + q * MIXTAPE_GROUP, begin == 0, true);
                } else {
                    run_avx2(code, width, table, sums + q * MIXTAPE_GROUP, begin == 0, false);
                }
            }
        }
    }
    for (size_t q = 0; q < queries; q++) {
        const __m256i limit = _mm256_set1_epi16((int16_t)limits[q]);
        for (size_t r = 0; r < MIXTAPE_GROUP; r += 32) {
            const __m256i *sum = (const __m256i *)(sums + q * MIXTAPE_GROUP + r);
            const __m256i both = _mm256_loadu_si256(sum), high = _mm256_loadu_si256(sum + 1);
            const __m256i low = _mm256_sub_epi16(both, _mm256_slli_epi16(high, 8));
            // Unsigned x ≤ limit where min(x, limit) = x; the bytes of the two answers are put in the rows' order.
            const __m256i low_is = _mm256_cmpeq_epi16(_mm256_min_epu16(low, limit), low);
            const __m256i high_is = _mm256_cmpeq_epi16(_mm256_min_epu16(high, limit), high);
            const __m256i bytes = _mm256_blendv_epi8(low_is, high_is, _mm256_set1_epi16((int16_t)0xff00));
            const uint64_t bits = (uint32_t)_mm256_movemask_epi8(bytes);
            uint64_t *mark = marks + q * MIXTAPE_GROUP_WORDS + r / 64;
            *mark = r % 64 == 0 ? bits : *mark | bits << 32;
        }
    }
}

__attribute__((target("avx2"))) static void fill_avx2(
    const float *bounds, size_t count, float scale, float largest, uint8_t *table) {
    fill_table(bounds, count, scale, largest, table);
}

static bool has_vbmi(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi")
        && __builtin_cpu_supports("bmi2");
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

void mixtape_coarse_scan(
    mixtape_variant variant, const uint8_t *codes, size_t dimension, const uint8_t *const *tables,
    const uint16_t *limits, size_t queries, uint16_t *sums, uint64_t *marks) {
#if defined(__x86_64__)
    if (variant == MIXTAPE_AVX512 && has_vbmi()) {
        scan_vbmi(codes, dimension, tables, limits, queries, sums, marks);
        return;
    }
    if (variant != MIXTAPE_PORTABLE) {
        scan_avx2(codes, dimension, tables, limits, queries, sums, marks);
        return;
    }
#endif
    (void)variant;
    scan_portable(codes, dimension, tables, limits, queries, sums, marks);
}
