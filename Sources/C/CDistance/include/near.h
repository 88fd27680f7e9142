#ifndef MIXTAPE_CDISTANCE_NEAR_H
#define MIXTAPE_CDISTANCE_NEAR_H

#include <stddef.h>
#include <stdint.h>

#include "distance.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Points that are compared side by side.
#define MIXTAPE_LEAF 32

/// Which of a leaf's points a point is within reach of: bit i is set where
///
///   Σ_c (x_c − y_ic)² ≤ r + r_i,
///
/// in float32, in the order of the components; always, where a side is infinite.
///
/// - leaf: `width` runs of MIXTAPE_LEAF components y_c, then the MIXTAPE_LEAF reaches r_i: −∞ for no point.
/// - point: x_0; the next component lies MIXTAPE_LEAF floats on, and after the last one the reach r.
uint32_t mixtape_within_reach(
    mixtape_variant variant, const float *leaf, size_t width, const float *point);

#ifdef __cplusplus
}
#endif

#endif
