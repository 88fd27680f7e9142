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

/// 16 filters at once, a channel of the output each; `steps` apart are the places of their points.
KERNEL static void evaluate(const double filters[TAPS * TAPS][COLUMNS], float *out, size_t step) {
    double half[EDGE][TAPS][COLUMNS];
    for (int i = 0; i < EDGE; i++)
        for (int x = 0; x < TAPS; x++)
            for (int k = 0; k < COLUMNS; k++)
                half[i][x][k] = filter_values[i][0] * filters[x][k] + filter_values[i][1] * filters[TAPS + x][k]
                    + filter_values[i][2] * filters[2 * TAPS + x][k];
    for (int i = 0; i < EDGE; i++)
        for (int j = 0; j < EDGE; j++, out += step)
            for (int k = 0; k < COLUMNS; k++)
                out[k] = (float)(filter_values[j][0] * half[i][0][k] + filter_values[j][1] * half[i][1][k]
                    + filter_values[j][2] * half[i][2][k]);
}

size_t mixtape_winograd_weight_count(const mixtape_winograd *shape) {
    return (size_t)POINTS * shape->time_taps * shape->input_channels * make_plan(shape).padded_outputs;
}

// (point, columns of the output, tap in time, channel, column): what one product reads lies side by side.
void mixtape_winograd_prepare(const mixtape_winograd *shape, const float *weights, float *prepared) {
    const int taps = shape->time_taps * shape->input_channels;
    const size_t filter = TAPS * TAPS, outputs_step = taps * filter;
    const size_t step = mixtape_winograd_weight_count(shape) / POINTS;
    double filters[TAPS * TAPS][COLUMNS];
    for (int first = 0; first < shape->output_channels; first += COLUMNS) {
        const int here = shape->output_channels - first < COLUMNS ? shape->output_channels - first : COLUMNS;
        memset(filters, 0, sizeof filters);
        for (int tap = 0; tap < shape->time_taps; tap++)
            for (int channel = 0; channel < shape->input_channels; channel++, prepared += COLUMNS) {
                const float *one = weights + first * outputs_step + (channel * shape->time_taps + tap) * filter;
                for (int k = 0; k < here; k++)
                    for (size_t i = 0; i < filter; i++) filters[i][k] = one[k * outputs_step + i];
                evaluate(filters, prepared, step);
            }
    }
}

#endif
