#include "distance.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// One kernel in vectors of 16 floats, which the compiler lowers to whatever a target has. Contraction into
// fused multiply-add is off, so that every target rounds alike.
#pragma STDC FP_CONTRACT OFF

#define LANES 16
// 4 KiB: rows lie in two streams, and hardware prefetchers stop at each page's end.
#define PREFETCH_AHEAD 1024
// Rows by number, 2 KiB each at 256 dimensions: a row is evaluated in the time of an access to memory.
#define ROWS_AHEAD 4
#define INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(64)));
typedef float vec_unaligned __attribute__((vector_size(64), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(64)));
typedef uint32_t uvec __attribute__((vector_size(64)));

/// Σ log(a + b) and Σ Δ²/(a + b), as they build up over the blocks of a row, 16 lanes side by side.
typedef struct {
    vec product;    // of the (a + b), its exponent taken out: in [1, 2)
    uvec exponent;  // sum of the exponents taken out, each biased by 127
    ivec broken;    // −1 where a product left the normal range
    vec squares;
} partial;

/// Adds a block of 64 dimensions. Four vectors share a division and a renormalisation:
/// Δ₁²/s₁ + Δ₂²/s₂ = (Δ₁²s₂ + Δ₂²s₁)/(s₁s₂), and the product s₁s₂s₃s₄ is what the logarithm needs too.
INLINE void add_block(
    partial *sum, const float *qm, const float *qv, const float *rm, const float *rv, bool ahead) {
#define LOAD(p, i) (*(const vec_unaligned *)((p) + (i) * LANES))
    vec s0 = LOAD(qv, 0) + LOAD(rv, 0), s1 = LOAD(qv, 1) + LOAD(rv, 1);
    vec s2 = LOAD(qv, 2) + LOAD(rv, 2), s3 = LOAD(qv, 3) + LOAD(rv, 3);
    vec d0 = LOAD(qm, 0) - LOAD(rm, 0), d1 = LOAD(qm, 1) - LOAD(rm, 1);
    vec d2 = LOAD(qm, 2) - LOAD(rm, 2), d3 = LOAD(qm, 3) - LOAD(rm, 3);
#undef LOAD
    for (int i = 0; ahead && i < MIXTAPE_BLOCK; i += LANES) {
        __builtin_prefetch(rm + PREFETCH_AHEAD + i);
        __builtin_prefetch(rv + PREFETCH_AHEAD + i);
    }
    vec s01 = s0 * s1, s23 = s2 * s3;
    vec n01 = d0 * d0 * s1 + d1 * d1 * s0;
    vec n23 = d2 * d2 * s3 + d3 * d3 * s2;
    vec s = s01 * s23;
    sum->squares += (n01 * s23 + n23 * s01) / s;

    uvec bits = (uvec)(sum->product * s);
    uvec exponent = bits >> 23;  // with the sign on top: a negative product is out of range too
    sum->broken |= (exponent - 1u) >= 254u;
    sum->exponent += exponent;
    sum->product = (vec)((bits & 0x007fffffu) | 0x3f800000u);
}

INLINE float sum_of(const vec *values) {
    vec v = *values;
    v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    return (v[0] + v[1]) + (v[2] + v[3]);
}

INLINE bool any(const ivec *lanes) {
    int32_t some = 0;
    for (int lane = 0; lane < LANES; lane++) some |= (*lanes)[lane];
    return some != 0;
}

/// Rows first, first + 1, … or, where `chosen` isn't NULL, those of these numbers, behind which lie those of `coming` more
/// that are wanted next. A row is given up, and gets FLT_MAX, as soon as its squares alone show it to be farther than
/// `limit`.
INLINE void scan(
    const mixtape_query *query, const mixtape_rows *rows, size_t first, const uint32_t *chosen, size_t count,
    size_t coming, float limit, float *distances) {
    const size_t dimension = query->dimension, stride = rows->stride;
    const size_t whole = dimension / MIXTAPE_BLOCK * MIXTAPE_BLOCK, rest = dimension - whole;
    const double blocks = (double)(whole / MIXTAPE_BLOCK + (rest != 0));
    const double ln2 = 0.693147180559945309417232121458;
    const double constant = -query->log_determinant - (double)dimension * 2 * ln2;
    // A thousandth more, for what rounding does to the sum of the squares.
    const float most = query->lambda > 0 ? (float)(4 * 1.001 * (double)limit / query->lambda) : INFINITY;
    // A padding dimension has Δ = 0 and, with 0 in the query, a + b = 1: it adds nothing, exactly.
    float rest_mean[MIXTAPE_BLOCK] = {0}, rest_variance[MIXTAPE_BLOCK];
    for (size_t i = 0; i < MIXTAPE_BLOCK; i++) rest_variance[i] = 1;

    for (size_t row = 0; row < count; row++) {
        const size_t number = chosen ? chosen[row] : first + row;
        const float *mean = rows->means + number * stride;
        const float *variance = rows->variances + number * stride;
        const size_t later = chosen && row + ROWS_AHEAD < count + coming ? chosen[row + ROWS_AHEAD] : number;
        const float *later_mean = rows->means + later * stride;
        const float *later_variance = rows->variances + later * stride;
        partial sum = {.product = (vec){} + 1.0f, .exponent = {}, .broken = {}, .squares = {}};
        size_t d = 0;
        for (; d < whole; d += MIXTAPE_BLOCK) {
            // The logarithms never add less than 0. What float32 can't tell stays in: NaN, infinity, and squares over
            // products that are denormal, which may be half as much again as they should.
            const float squares = chosen && d != 0 ? sum_of(&sum.squares) : 0;
            if (squares > most && squares < INFINITY && !any(&sum.broken)) break;
            for (int i = 0; chosen && i < MIXTAPE_BLOCK; i += LANES) {
                __builtin_prefetch(later_mean + d + i);
                __builtin_prefetch(later_variance + d + i);
            }
            add_block(&sum, query->mean + d, query->variance + d, mean + d, variance + d, !chosen);
        }
        if (d < whole) {
            distances[row] = FLT_MAX;
            continue;
        }
        if (rest != 0) {
            memcpy(rest_mean, mean + whole, rest * sizeof(float));
            memcpy(rest_variance, variance + whole, rest * sizeof(float));
            add_block(&sum, query->mean + whole, query->variance + whole, rest_mean, rest_variance, !chosen);
        }
        float product[LANES], squares[LANES];
        uint32_t exponent[LANES];
        int32_t broken[LANES];
        memcpy(product, &sum.product, sizeof product);
        memcpy(squares, &sum.squares, sizeof squares);
        memcpy(exponent, &sum.exponent, sizeof exponent);
        memcpy(broken, &sum.broken, sizeof broken);
        for (size_t width = LANES / 2; width != 0; width /= 2) {
            for (size_t i = 0; i < width; i++) {
                product[i] *= product[i + width];
                squares[i] += squares[i + width];
                exponent[i] += exponent[i + width];
                broken[i] |= broken[i + width];
            }
        }
        double logarithms = log((double)product[0]) + ln2 * ((double)exponent[0] - blocks * LANES * 127);
        double distance = 0.25
            * (2 * logarithms + constant - (double)rows->log_determinants[number]
               + query->lambda * (double)squares[0]);
        // Written so that a NaN stays one.
        distances[row] = broken[0] != 0 ? NAN : distance < 0 ? 0 : (float)distance;
    }
}

INLINE float read_all(const float *values, size_t count) {
    vec sum0 = {}, sum1 = {}, sum2 = {}, sum3 = {};
    size_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        sum0 += *(const vec_unaligned *)(values + i);
        sum1 += *(const vec_unaligned *)(values + i + LANES);
        sum2 += *(const vec_unaligned *)(values + i + 2 * LANES);
        sum3 += *(const vec_unaligned *)(values + i + 3 * LANES);
    }
    vec sums = (sum0 + sum1) + (sum2 + sum3);
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
    for (; i < count; i++) sum += values[i];
    return sum;
}

typedef void (*scan_function)(const mixtape_query *, const mixtape_rows *, size_t, size_t, float *);
typedef void (*evaluate_function)(
    const mixtape_query *, const mixtape_rows *, const uint32_t *, size_t, size_t, float, float *);
typedef float (*read_function)(const float *, size_t);

#define VARIANT(name, attribute)                                                                        \
    attribute static void scan_##name(                                                                  \
        const mixtape_query *query, const mixtape_rows *rows, size_t first, size_t count, float *out) { \
        scan(query, rows, first, NULL, count, 0, INFINITY, out);                                        \
    }                                                                                                   \
    attribute static void evaluate_##name(                                                              \
        const mixtape_query *query, const mixtape_rows *rows, const uint32_t *chosen, size_t count,     \
        size_t coming, float limit, float *out) {                                                       \
        scan(query, rows, 0, chosen, count, coming, limit, out);                                        \
    }                                                                                                   \
    attribute static float read_##name(const float *values, size_t count) {                             \
        return read_all(values, count);                                                                 \
    }

VARIANT(portable, )
#if defined(__x86_64__)
VARIANT(avx2, __attribute__((target("avx2,fma"))))
VARIANT(avx512, __attribute__((target("avx512f"))))
static const scan_function scans[] = {scan_portable, scan_avx2, scan_avx512};
static const evaluate_function evaluations[] = {evaluate_portable, evaluate_avx2, evaluate_avx512};
static const read_function reads[] = {read_portable, read_avx2, read_avx512};
#else
static const scan_function scans[] = {scan_portable, scan_portable, scan_portable};
static const evaluate_function evaluations[] = {evaluate_portable, evaluate_portable, evaluate_portable};
static const read_function reads[] = {read_portable, read_portable, read_portable};
#endif

bool mixtape_variant_supported(mixtape_variant variant) {
    switch (variant) {
    case MIXTAPE_PORTABLE: return true;
#if defined(__x86_64__)
    case MIXTAPE_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case MIXTAPE_AVX512: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#endif
    default: return false;
    }
}

mixtape_variant mixtape_best_variant(void) {
    if (mixtape_variant_supported(MIXTAPE_AVX512)) return MIXTAPE_AVX512;
    if (mixtape_variant_supported(MIXTAPE_AVX2)) return MIXTAPE_AVX2;
    return MIXTAPE_PORTABLE;
}

void mixtape_scan(
    mixtape_variant variant, const mixtape_query *query, const mixtape_rows *rows, size_t first,
    size_t count, float *distances) {
    scans[variant](query, rows, first, count, distances);
}

void mixtape_evaluate(
    mixtape_variant variant, const mixtape_query *query, const mixtape_rows *rows, const uint32_t *chosen,
    size_t count, size_t coming, float limit, float *distances) {
    evaluations[variant](query, rows, chosen, count, coming, limit, distances);
}

void mixtape_fetch(const mixtape_rows *rows, size_t dimension, const uint32_t *chosen, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float *mean = rows->means + chosen[i] * rows->stride;
        const float *variance = rows->variances + chosen[i] * rows->stride;
        for (size_t d = 0; d < dimension; d += LANES) {
            __builtin_prefetch(mean + d, 0, 2);
            __builtin_prefetch(variance + d, 0, 2);
        }
    }
}

// With u = 2^-24, the error of one rounding:
// - log: each a + b rounds once and enters the product by one multiplication (two more per block and lane join
//   the blocks and the lanes): below 3Du in Σ log, which counts ½; the stored Σ log σ² is off by 4u of itself,
//   of which ¼ counts.
// - squares: below 16 roundings to a block's quotient and across the lanes, and one addition per block, all of
//   terms ≥ 0, so an error relative to their sum, which is at most 4d/λ; where a numerator underflows, an
//   absolute 1.2e-7 per quotient.
// - the result rounds to float32.
double mixtape_scan_absolute_error(size_t dimension, double largest_log_determinant, double lambda) {
    const double u = 0x1p-24, d = (double)dimension;
    return u * (1.5 * d + largest_log_determinant + 16) + lambda * 1e-8 * (d + MIXTAPE_BLOCK);
}

double mixtape_scan_relative_error(size_t dimension) {
    return 0x1p-24 * (16 + (double)(dimension / MIXTAPE_BLOCK + 1));
}

float mixtape_read(mixtape_variant variant, const float *values, size_t count) {
    return reads[variant](values, count);
}
