#ifndef MIXTAPE_CDISTANCE_PICTURES_H
#define MIXTAPE_CDISTANCE_PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "distance.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Cells per side of a picture. A picture is MIXTAPE_SIDE rows of as many floats.
#define MIXTAPE_SIDE 16

/// Which cells of the target make up each cell of the query, along one axis.
typedef struct {
    /// Entry MIXTAPE_SIDE s + c: how much the target's cell s adds to the query's cell c.
    float weights[MIXTAPE_SIDE * MIXTAPE_SIDE];
    /// 1 for the query's cells whose middle lies in the target, else 0.
    float inside[MIXTAPE_SIDE];
} mixtape_axis;

/// What pairs of pictures add up to, each picture less its own mean, over the cells that both have.
typedef struct {
    /// Σ p², Σ q², Σ p q over all pictures and cells, of the query's p and the target's q.
    float own, other, product;
    /// The same of the sums over all pictures.
    float own_still, other_still, still;
} mixtape_picture_sums;

/// Where cell c of the query, its middle at x from −1 to 1, lies at scale · x + shift in the target; at scale · −x + shift
/// where the query is mirrored. Each cell is made of samples between two cells of the target: one, or four over its width
/// where it is wider than a cell of the target.
void mixtape_make_axis(double scale, double shift, int mirrored, mixtape_axis *axis);

/// From an axis made of the same numbers: how the query's own cells would be seen if they had come to the query by way of the target,
/// each of its cells the mean of those of the query that lie on it.
void mixtape_soften_axis(double scale, double shift, int mirrored, const mixtape_axis *axis, mixtape_axis *softened);

/// Adds up pictures of a query and pictures of a target that lie under them.
///
/// - query, target: all pictures of each.
/// - chosen: `count` numbers of the query's pictures.
/// - found: for each the number of the target's picture; `shares` of the next picture are mixed in where they are not 0.
void mixtape_compare_pictures(
    mixtape_variant variant, const float *query, const float *target, const int32_t *chosen,
    const int32_t *found, const float *shares, size_t count, const mixtape_axis *across,
    const mixtape_axis *down, mixtape_picture_sums *sums);

/// The changes from each pair of pictures to the next one: Σ Δp², Σ Δq², Σ Δp Δq, three floats for each of count − 1.
void mixtape_compare_steps(
    mixtape_variant variant, const float *query, const float *target, const int32_t *chosen,
    const int32_t *found, const float *shares, size_t count, const mixtape_axis *across,
    const mixtape_axis *down, float *steps);

#ifdef __cplusplus
}
#endif

#endif
