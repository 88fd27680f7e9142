#ifndef MIXTAPE_CDISTANCE_COARSE_H
#define MIXTAPE_CDISTANCE_COARSE_H

#include <stddef.h>
#include <stdint.h>

#include "distance.h"

#ifdef __cplusplus
extern "C" {
#endif

// Coarse codes: one byte a dimension that says in which cell of a grid, 16 cells of means by 8 of variances, a row's
// Gaussian lies. The least distance from a query to each cell, in whole units rounded down, is a table of 128
// bytes a dimension; a row's entries add up to a lower bound of its distance. A scan of the bounds reads
// an eighth of what the moments take, and leaves few rows to evaluate.

/// Rows that are laid out together: the codes of a group are D runs of this many bytes.
#define MIXTAPE_GROUP 512
#define MIXTAPE_GROUP_WORDS (MIXTAPE_GROUP / 64)
#define MIXTAPE_MEAN_CELLS 16
#define MIXTAPE_VARIANCE_CELLS 8
#define MIXTAPE_CELLS 128
/// Dimensions whose entries are added up in a byte, which stops at 255: less than the truth is a bound too.
#define MIXTAPE_RUN 8
/// Queries that one call of mixtape_coarse_scan takes at most: as many as share one reading of the codes.
#define MIXTAPE_COARSE_QUERIES 64

/// Where the cells of each dimension end.
typedef struct {
    size_t dimension;
    /// D × 16: 15 rising bounds; a mean belongs to the cell whose number is how many it is not below. The last is
    /// not read.
    const float *means;
    /// D × 8: 7 rising bounds, and the largest variance of any coded row.
    const float *variances;
} mixtape_grid;

/// Writes the codes of rows [first, first + count), count ≤ MIXTAPE_GROUP, to `codes`, D × MIXTAPE_GROUP bytes: the
/// codes of a dimension side by side, those of missing rows 0.
///
/// Sets the bit of each row that has no bound: one with a mean that is not finite, or a variance not in
/// (0, the dimension's largest]; MIXTAPE_GROUP_WORDS words. Clears the others.
void mixtape_encode(
    const mixtape_grid *grid, const mixtape_rows *rows, size_t first, size_t count, uint8_t *codes,
    uint64_t *unbounded);

/// What each cell adds to the distance at least: D × MIXTAPE_CELLS floats, entry 16v + m for the cell m of the
/// means and v of the variances. Rounded down.
void mixtape_cell_bounds(const mixtape_query *query, const mixtape_grid *grid, float *bounds);

/// The bounds in whole `unit`s, rounded down and at most `largest` ≤ 255; D × MIXTAPE_CELLS bytes.
void mixtape_cell_table(
    mixtape_variant variant, const float *bounds, size_t dimension, float unit, unsigned largest,
    uint8_t *table);

/// Marks the rows of a group whose entries, each run of dimensions adding 255 at most, add up to no more than each query's
/// limit.
///
/// - tables: `queries` ≤ MIXTAPE_COARSE_QUERIES tables by which no row's sum exceeds 65535.
/// - sums: room for queries × MIXTAPE_GROUP numbers.
/// - marks: queries × MIXTAPE_GROUP_WORDS words; bit r % 64 of word r / 64 is row r of the group.
void mixtape_coarse_scan(
    mixtape_variant variant, const uint8_t *codes, size_t dimension, const uint8_t *const *tables,
    const uint16_t *limits, size_t queries, uint16_t *sums, uint64_t *marks);

#ifdef __cplusplus
}
#endif

#endif
