#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#include "plan.h"

// Rows whose sums of 16 columns fit in the registers: 12 of 16, one for the row's value, two for the weights.
#define MOST_ROWS 6
// Times that weights are used, up to which it pays to fetch the next ones in good time.
#define FEW_PASSES 8

/// A few rows of a matrix by 16 columns of weights.
typedef struct {
    const float *input;  // the first row at the first tap
    size_t tap_step;     // floats from a row to the same at the next tap
    int taps;
    int channels;
    const float *weights;  // (tap, channel, column)
    const char *ahead;     // what will be read next, to be fetched from memory meanwhile
    int ahead_step;        // bytes for each channel
    float *output;
    size_t output_step;
} panel;

// Each sum goes over taps and then channels, in order, whatever rows stand beside it.
INLINE_KERNEL void multiply_rows(int rows, bool fetches, const panel *panel) {
    const float *input = panel->input, *weights = panel->weights;
    const char *ahead = panel->ahead;
    const size_t step = panel->channels;
    __m256 sums[MOST_ROWS][2];
    for (int row = 0; row < rows; row++) sums[row][0] = sums[row][1] = _mm256_setzero_ps();
    for (int tap = 0; tap < panel->taps; tap++, input += panel->tap_step) {
        for (int channel = 0; channel < panel->channels; channel++, weights += COLUMNS) {
            if (fetches) {
                __builtin_prefetch(ahead);
                ahead += panel->ahead_step;
            }
            const __m256 first = _mm256_loadu_ps(weights), second = _mm256_loadu_ps(weights + LANES);
#pragma clang loop unroll(full)
            for (int row = 0; row < rows; row++) {
                const __m256 value = _mm256_broadcast_ss(input + row * step + channel);
                sums[row][0] = _mm256_fmadd_ps(value, first, sums[row][0]);
                sums[row][1] = _mm256_fmadd_ps(value, second, sums[row][1]);
            }
        }
    }
    for (int row = 0; row < rows; row++) {
        _mm256_storeu_ps(panel->output + row * panel->output_step, sums[row][0]);
        _mm256_storeu_ps(panel->output + row * panel->output_step + LANES, sums[row][1]);
    }
}

#define CASES(fetches) \
    switch (rows) { \
    case 1: multiply_rows(1, fetches, panel); break; \
    case 2: multiply_rows(2, fetches, panel); break; \
    case 3: multiply_rows(3, fetches, panel); break; \
    case 4: multiply_rows(4, fetches, panel); break; \
    case 5: multiply_rows(5, fetches, panel); break; \
    case 6: multiply_rows(6, fetches, panel); break; \
    }

KERNEL static void multiply_panel(int rows, const panel *panel) {
    if (panel->ahead_step > 0) {
        CASES(true)
    } else {
        CASES(false)
    }
}

void multiply_point(
    const mixtape_winograd *shape, const plan *plan, int count, const float *input, const float *weights,
    float *output) {
    const int rows = plan->frames * count, channels = shape->input_channels;
    // Rows that have the same taps: the first frame has none before it, the last none behind.
    struct { int from, to, first_tap, end_tap; } groups[3];
    int group_count = 0;
    if (shape->time_taps == 1 || plan->has_zero_frames) {
        groups[group_count++] = (typeof(groups[0])){0, rows, 0, shape->time_taps};
    } else if (plan->frames == 1) {
        groups[group_count++] = (typeof(groups[0])){0, rows, 1, 2};
    } else {
        groups[group_count++] = (typeof(groups[0])){0, count, 1, 3};
        groups[group_count++] = (typeof(groups[0])){count, rows - count, 0, 3};
        groups[group_count++] = (typeof(groups[0])){rows - count, rows, 0, 2};
    }
    // The row of a frame's own tap; with frames of zeros in front, that of the tap before.
    const int own = shape->time_taps == 3 && !plan->has_zero_frames ? 1 : 0;
    const size_t panel_size = (size_t)shape->time_taps * channels * COLUMNS;
    const int passes = (rows + MOST_ROWS - 1) / MOST_ROWS;
    for (int column = 0; column < plan->padded_outputs; column += COLUMNS) {
        int pass = 0;
        for (int group = 0; group < group_count; group++) {
            const int first_tap = groups[group].first_tap, from = groups[group].from;
            const int here = groups[group].to - from, parts = (here + MOST_ROWS - 1) / MOST_ROWS;
            for (int part = 0; part < parts; part++) {
                const int start = from + (int)((int64_t)here * part / parts);
                const int end = from + (int)((int64_t)here * (part + 1) / parts);
                const panel panel = {
                    .input = input + ((ptrdiff_t)start + (ptrdiff_t)(first_tap - own) * count) * channels,
                    .tap_step = (size_t)count * channels,
                    .taps = groups[group].end_tap - first_tap,
                    .channels = channels,
                    .weights = weights + (size_t)first_tap * channels * COLUMNS,
                    .ahead = (const char *)(weights + panel_size)
                        + panel_size * sizeof(float) / passes * pass++,
                    .ahead_step = passes <= FEW_PASSES ? COLUMNS * (int)sizeof(float) / passes : 0,
                    .output = output + (size_t)start * plan->padded_outputs + column,
                    .output_step = plan->padded_outputs,
                };
                multiply_panel(end - start, &panel);
            }
        }
        weights += panel_size;
    }
}

#endif
