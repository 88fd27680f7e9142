#ifndef MIXTAPE_CWINOGRAD_PLAN_H
#define MIXTAPE_CWINOGRAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winograd.h"

enum {
    LANES = 8,      // floats of a register
    COLUMNS = 16,   // channels of the output that are multiplied together
    TILE = 4,       // outputs along an edge
    EDGE = 6,       // inputs along an edge
    POINTS = 36,    // values of a filter: where its polynomials are evaluated
    STRIDED_EDGE = 9, // the same with a stride of 2, and values of them
    TAPS = 3,       // along an edge
    TIME_POINTS = 4 // of two frames
};

#define KERNEL __attribute__((target("avx2,fma")))
#define INLINE_KERNEL static inline __attribute__((always_inline)) KERNEL

// libgomp's own names for what "#pragma omp parallel" and "#pragma omp barrier" call, which Swift's clang has no library
// for. oneDNN's threads are these.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void GOMP_barrier(void);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);

// How the work is cut up. A row is one tile of one frame, or with a stride one product of it; a chunk holds the rows of some tiles in all frames, so that taps in
// time find their neighbours.
typedef struct {
    int pictures;      // what frames belong to: clips, or frames where no taps lie in time
    int frames;        // of a picture
    int tiles_across;
    int tiles_of_picture;
    int tiles;         // of all pictures
    int chunk;         // tiles at once
    int chunks;
    int output_height, output_width;
    int padded_outputs;  // channels, in whole columns
    int products;      // of a tile: as many as POINTS, or more where a filter's value serves several
    bool in_pairs;     // whether two frames at a time are multiplied, by the same algorithm
    int slices;        // of the weights: taps in time, or TIME_POINTS
    size_t point_weights;  // floats of weights for one of POINTS
    int paired;        // tiles at once in pairs
    size_t spare;      // floats that each thread needs for pairs
    bool has_zero_frames;  // before the first and behind the last frame of the transformed input
    // Floats from one point's matrix to the next, times the products that it holds, and inside of it.
    size_t input_step, input_row_step, input_block_step;
    size_t output_step, output_row_step, output_block_step;  // blocks of LANES channels, or of COLUMNS for gradients
} plan;

/// The same for every number of threads.
plan make_plan(const mixtape_winograd *shape);

/// For the gradient by the weights: matrices in blocks of channels, a block's rows side by side.
plan make_gradient_plan(const mixtape_winograd *shape);

/// Where a thread's part of a number of things begins; where the next one's does, it ends.
static inline int part_of(int count, int thread, int threads) { return (int)((int64_t)count * thread / threads); }

/// The products of a tile that one value of a filter serves: TILE or TILE² of those at the middle taps of a stride of 2. They
/// share a matrix, whose rows are (frame, product, tile).
typedef struct {
    int first;  // products of points before
    int count;
} share;

static inline share share_of(int point, bool strided) {
    if (!strided) return (share){point, 1};
    const int i = point / EDGE, j = point % EDGE;
    const int down = i == EDGE - 1 ? TILE : 1, across = j == EDGE - 1 ? TILE : 1;
    return (share){i * STRIDED_EDGE + j * down, down * across};
}

/// Rows [from, to) of the `count` tiles from `first` on.
typedef struct {
    int first;
    int count;
    int from;
    int to;
} row_range;

/// Source → `input`, POINTS matrices (row, channel).
void transform_input(
    const mixtape_winograd *shape, const plan *plan, const float *source, row_range rows, float *input);

/// `output`, one of POINTS matrices (row, channel of the output), from one of `input`, of `count` rows a frame, and its
/// weights; `spare` is the thread's own.
void multiply_point(
    const mixtape_winograd *shape, const plan *plan, int count, const float *input, const float *weights,
    float *spare, float *output);

/// Gradient by the destination → gradients by the matrices of `output`, which they take the place of: the transpose of
/// `transform_output`.
void transform_gradient(
    const mixtape_winograd *shape, const plan *plan, const float *gradient, row_range rows, float *output);

/// `output` → destination.
void transform_output(
    const mixtape_winograd *shape, const plan *plan, const float *output, row_range rows, const float *bias,
    float *destination, bool adds_to_destination, bool relu);

#endif
