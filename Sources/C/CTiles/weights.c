#include "plan.h"

#if defined(__x86_64__)

#include <string.h>

// To the nearest, ties to even; a NaN stays one.
static uint16_t rounded(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return (uint16_t)(bits >> 16 | 64);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

typedef struct {
    const mixtape_tiles *shape;
    plan plan;
    const float *weights;
    bool backward;
    uint16_t *prepared;
} job;

// What one tap adds to one block of columns: for each depth two tiles, whose rows are pairs of channels of the input and whose
// columns are channels of the output.
static void prepare_tap(const job *job, int block, int tap, uint16_t *prepared) {
    const mixtape_tiles *shape = job->shape;
    const plan *plan = &job->plan;
    const int inputs = shape->input_channels, outputs = shape->output_channels;
    const int taps = shape->taps[0] * shape->taps[1] * shape->taps[2];
    for (int i = 0; i < plan->depth_steps * 2 * ROWS * 16 * 2; i++) {
        const int step = i / (2 * ROWS * 16 * 2), half = i / (ROWS * 16 * 2) % 2;
        const int depth = i / (16 * 2) % ROWS * 2 + i % 2, output = block * COLUMNS + half * 16 + i / 2 % 16;
        const int x = depth % WINDOW;
        const int input = plan->is_planar ? depth / WINDOW : step * DEPTH + depth;
        const int at = plan->is_planar ? tap * shape->taps[2] + x : tap;
        if (plan->is_planar && (input >= inputs || x >= shape->taps[2])) prepared[i] = 0;
        else if (job->backward) prepared[i] = rounded(job->weights[((size_t)input * outputs + output) * taps + taps - 1 - at]);
        else prepared[i] = rounded(job->weights[((size_t)output * inputs + input) * taps + at]);
    }
}

// Blocks of columns, and in each the taps, in the order in which they are read.
static void prepare_part(const job *job, int thread, int threads) {
    const plan *plan = &job->plan;
    const int taps = plan->taps[0] * plan->taps[1] * plan->taps[2], all = taps * plan->column_blocks;
    const size_t values = plan->block_weights / 2 / taps;
    for (int i = part_of(all, thread, threads); i < part_of(all, thread + 1, threads); i++)
        prepare_tap(job, i / taps, i % taps, job->prepared + values * i);
}

static void prepare_together(void *data) {
    prepare_part(data, omp_get_thread_num(), omp_get_num_threads());
}

void mixtape_tiles_prepare(
    const mixtape_tiles *shape, const float *weights, bool backward, uint16_t *prepared, int threads) {
    job job = {shape, mixtape_tiles_plan(shape), weights, backward, prepared};
    if (threads > 1) GOMP_parallel(prepare_together, &job, (unsigned)threads, 0);
    else prepare_part(&job, 0, 1);
}

#else

void mixtape_tiles_prepare(
    const mixtape_tiles *shape, const float *weights, bool backward, uint16_t *prepared, int threads) {}

#endif
