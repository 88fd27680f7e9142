#if defined(__x86_64__)

#include <string.h>

#include "plan.h"

// Values of a filter's polynomial at 0, 1, −1, 2, −2 and infinity, with the factors that the products need: G of the paper.
static const double filter_values[EDGE][TAPS] = {
    {1.0 / 4, 0, 0},
    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6},
    {0, 0, 1},
};

// The same with a stride of 2: the outer taps at 0, 1, −1, 2 and infinity, and the middle one.
static const double strided_values[EDGE][TAPS] = {
    {1.0 / 2, 0, 0}, {-1.0 / 2, 0, -1.0 / 2}, {-1.0 / 6, 0, 1.0 / 6}, {1.0 / 6, 0, 1.0 / 3}, {0, 0, 1}, {0, 1, 0},
};

// The same of F(2, 3) along time, at 0, 1, −1 and infinity.
static const double time_values[TIME_POINTS][TAPS] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

/// 16 filters at once, a channel of the output each; their values at the points go `step` floats apart.
KERNEL static void evaluate(
    const double values[EDGE][TAPS], const double filters[TAPS * TAPS][COLUMNS], float *out, size_t step) {
    double half[EDGE][TAPS][COLUMNS];
    for (int i = 0; i < EDGE; i++)
        for (int x = 0; x < TAPS; x++)
            for (int k = 0; k < COLUMNS; k++)
                half[i][x][k] = values[i][0] * filters[x][k] + values[i][1] * filters[TAPS + x][k]
                    + values[i][2] * filters[2 * TAPS + x][k];
    for (int i = 0; i < EDGE; i++)
        for (int j = 0; j < EDGE; j++, out += step)
            for (int k = 0; k < COLUMNS; k++)
                out[k] = (float)(values[j][0] * half[i][0][k] + values[j][1] * half[i][1][k]
                    + values[j][2] * half[i][2][k]);
}

size_t mixtape_winograd_weight_count(const mixtape_winograd *shape) {
    return POINTS * make_plan(shape).point_weights;
}

typedef struct {
    const mixtape_winograd *shape;
    const float *weights;
    bool backward;
    float *prepared;
} preparation;

// (point, columns of the output, slice in time, channel, column): what one product reads lies side by side.
static void prepare_columns(const preparation *work, int first) {
    const mixtape_winograd *shape = work->shape;
    const plan plan = make_plan(shape);
    const int times = shape->time_taps, inputs = shape->input_channels, outputs = shape->output_channels;
    const ptrdiff_t area = TAPS * TAPS, volume = area * times;
    // Backward, what was an input's channel is an output's, and filters run the other way.
    const ptrdiff_t input_step = work->backward ? outputs * volume : volume;
    const ptrdiff_t output_step = work->backward ? volume : inputs * volume;
    const int here = outputs - first < COLUMNS ? outputs - first : COLUMNS;
    float *prepared = work->prepared + (ptrdiff_t)first * plan.slices * inputs;
    double filters[TAPS * TAPS][COLUMNS];
    for (int slice = 0; slice < plan.slices; slice++)
        for (int channel = 0; channel < inputs; channel++, prepared += COLUMNS) {
            const float *one = work->weights + first * output_step + channel * input_step;
            memset(filters, 0, sizeof filters);
            for (int time = 0; time < times; time++) {
                const double factor = plan.in_pairs ? time_values[slice][time] : time == slice;
                if (factor == 0) continue;
                const float *taps = one + (work->backward ? times - 1 - time : time) * area;
                for (int k = 0; k < here; k++)
                    for (int i = 0; i < area; i++)
                        filters[work->backward ? area - 1 - i : i][k] += factor * taps[k * output_step + i];
            }
            evaluate(shape->stride > 1 ? strided_values : filter_values, filters, prepared, plan.point_weights);
        }
}

static void prepare_part(void *data) {
    const preparation *work = data;
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int first = thread * COLUMNS; first < work->shape->output_channels; first += threads * COLUMNS)
        prepare_columns(work, first);
}

void mixtape_winograd_prepare(
    const mixtape_winograd *shape, const float *weights, bool backward, float *prepared, int threads) {
    preparation work = {shape, weights, backward, prepared};
    if (threads > 1) {
        GOMP_parallel(prepare_part, &work, (unsigned)threads, 0);
    } else {
        for (int first = 0; first < shape->output_channels; first += COLUMNS) prepare_columns(&work, first);
    }
}

#endif
