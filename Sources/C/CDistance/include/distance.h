#ifndef MIXTAPE_CDISTANCE_H
#define MIXTAPE_CDISTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The machine code a scan runs (here, in coarse.h and in near.h): one source, compiled for three instruction sets, that
/// gives the same bits in each.
typedef enum {
    MIXTAPE_PORTABLE = 0,
    MIXTAPE_AVX2 = 1,
    MIXTAPE_AVX512 = 2,
} mixtape_variant;

/// Dimensions are taken in blocks of this many; a query is padded to a multiple of it.
#define MIXTAPE_BLOCK 64

/// What every row is compared with.
typedef struct {
    /// D ≥ 1.
    size_t dimension;
    /// D values, then zeros up to a multiple of MIXTAPE_BLOCK.
    const float *mean;
    /// σ², D values, then zeros up to a multiple of MIXTAPE_BLOCK.
    const float *variance;
    /// Σ log σ² over the D dimensions.
    double log_determinant;
    /// λ ≥ 0.
    double lambda;
} mixtape_query;

/// The rows of a library: row r begins at `means + r * stride`. What lies between D and the stride is not
/// read.
typedef struct {
    const float *means;
    const float *variances;
    /// Σ log σ² of each row.
    const float *log_determinants;
    /// Floats from one row to the next; at least D.
    size_t stride;
} mixtape_rows;

bool mixtape_variant_supported(mixtape_variant variant);

/// The fastest variant that this processor runs.
mixtape_variant mixtape_best_variant(void);

/// Closed-form Bhattacharyya distances of rows [first, first + count) to the query,
///
///   d = ¼ [2 Σ log(a + b) − Σ log a − Σ log b − D log 4 + λ Σ (μ_a − μ_b)²/(a + b)],
///
/// in float32, clamped at 0, written to distances[0 ..< count]. With variances in [1e-18, 1e18] (the
/// encoder's lie in [e^-10, e^4 + 4]) it is within
/// mixtape_scan_absolute_error + d * mixtape_scan_relative_error of the exact value d, or, where the product
/// of four (a + b) leaves the range of float32, not finite: such a row, and one that holds NaN, infinities or
/// variances below 0, is for the caller to evaluate otherwise.
void mixtape_scan(
    mixtape_variant variant, const mixtape_query *query, const mixtape_rows *rows, size_t first,
    size_t count, float *distances);

/// The same, to the bit, for the rows of these numbers: distances[i] is that of row chosen[i], or, where that is farther
/// than `limit`, may be FLT_MAX, even if the row holds a NaN or the like further on: a caller that must know of those
/// gives INFINITY. The `coming` numbers behind those are of rows that are wanted next: they are asked for.
void mixtape_evaluate(
    mixtape_variant variant, const mixtape_query *query, const mixtape_rows *rows, const uint32_t *chosen,
    size_t count, size_t coming, float limit, float *distances);

/// Asks for the rows of these numbers, so that they are in the second cache when they are evaluated a little later.
void mixtape_fetch(const mixtape_rows *rows, size_t dimension, const uint32_t *chosen, size_t count);

/// Bounds on the error of mixtape_scan at dimension D. `largest_log_determinant` is the largest |Σ log σ²|
/// among the rows, each of which may be off by two units in its last place.
double mixtape_scan_absolute_error(size_t dimension, double largest_log_determinant, double lambda);
double mixtape_scan_relative_error(size_t dimension);

/// Sum of `count` floats in a plain SIMD loop: what reading memory costs when nothing is computed.
float mixtape_read(mixtape_variant variant, const float *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
