#if defined(__x86_64__)

#include <immintrin.h>
#include <stddef.h>

#include "plan.h"

// Rows whose sums of 16 columns fit in the registers: 12 of 16, one for the row's value, two for the weights.
#define MOST_ROWS 6
// Times that weights are used, up to which it pays to fetch the next ones in good time.
#define FEW_PASSES 8

/// A few rows of a matrix by 16 columns of weights.
typedef struct {
    const float *input;
    int channels;
    bool adds;             // to what `output` holds
    const float *weights;  // (channel, column)
    const char *ahead;     // what will be read next, to be fetched from memory meanwhile
    int ahead_step;        // bytes for each channel
    float *output;
    size_t output_step;
} panel;

// Each sum goes over the channels in order, whatever rows stand beside it.
INLINE_KERNEL void multiply_rows(int rows, bool fetches, const panel *panel) {
    const float *input = panel->input, *weights = panel->weights;
    const char *ahead = panel->ahead;
    const size_t step = panel->channels;
    __m256 sums[MOST_ROWS][2];
    for (int row = 0; row < rows; row++)
        for (int half = 0; half < 2; half++)
            sums[row][half] = panel->adds
                ? _mm256_loadu_ps(panel->output + row * panel->output_step + half * LANES)
                : _mm256_setzero_ps();
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

/// Rows [from, to) of one matrix, which all have the same taps.
typedef struct {
    int from, to;
    int first_tap, end_tap;
} row_group;

/// `groups` of a matrix (row, channel) by one point's weights, `taps` slices of them, into (row, channel of the output). The
/// rows of a frame's first tap lie `before` frames in front of its own.
static void multiply_groups(
    const plan *plan, const row_group *groups, int group_count, int count, int before, int channels, int taps,
    const float *input, const float *weights, size_t weight_step, float *output) {
    int rows = 0;
    for (int group = 0; group < group_count; group++) rows += groups[group].to - groups[group].from;
    const size_t slice = (size_t)channels * COLUMNS;
    const int passes = (rows + MOST_ROWS - 1) / MOST_ROWS;
    for (int column = 0; column < plan->padded_outputs; column += COLUMNS, weights += weight_step) {
        // One tap's weights stay in the nearest cache while all rows pass by.
        for (int tap = 0; tap < taps; tap++) {
            const char *ahead = (const char *)(tap + 1 < taps ? weights + (tap + 1) * slice : weights + weight_step);
            int pass = 0;
            for (int group = 0; group < group_count; group++) {
                const int from = groups[group].from, here = groups[group].to - from;
                const int parts = (here + MOST_ROWS - 1) / MOST_ROWS;
                if (tap < groups[group].first_tap || tap >= groups[group].end_tap) continue;
                for (int part = 0; part < parts; part++) {
                    const int start = from + part_of(here, part, parts);
                    const int end = from + part_of(here, part + 1, parts);
                    const panel panel = {
                        .input = input + ((ptrdiff_t)start + (ptrdiff_t)(tap - before) * count) * channels,
                        .channels = channels,
                        .adds = tap > groups[group].first_tap,
                        .weights = weights + tap * slice,
                        .ahead = ahead + slice * sizeof(float) / passes * pass++,
                        .ahead_step = passes <= FEW_PASSES ? COLUMNS * (int)sizeof(float) / passes : 0,
                        .output = output + (size_t)start * plan->padded_outputs + column,
                        .output_step = plan->padded_outputs,
                    };
                    multiply_panel(end - start, &panel);
                }
            }
        }
    }
}

/// out = a + sign × b, either of which may be missing.
KERNEL static void combine(const float *a, const float *b, float sign, size_t count, float *out) {
    const __m256 factor = _mm256_set1_ps(sign), zero = _mm256_setzero_ps();
    for (size_t i = 0; i < count; i += LANES)
        _mm256_storeu_ps(
            out + i,
            _mm256_fmadd_ps(
                factor, b ? _mm256_loadu_ps(b + i) : zero, a ? _mm256_loadu_ps(a + i) : zero));
}

/// Two frames' sums from their products at the four points.
KERNEL static void combine_pair(const float *products, size_t step, size_t count, float *first, float *second) {
    for (size_t i = 0; i < count; i += LANES) {
        const __m256 sum = _mm256_loadu_ps(products + step + i), difference = _mm256_loadu_ps(products + 2 * step + i);
        _mm256_storeu_ps(
            first + i, _mm256_add_ps(_mm256_loadu_ps(products + i), _mm256_add_ps(sum, difference)));
        _mm256_storeu_ps(
            second + i,
            _mm256_sub_ps(_mm256_sub_ps(sum, difference), _mm256_loadu_ps(products + 3 * step + i)));
    }
}

// The same algorithm along time, F(2, 3): two frames take 4 products of frames in place of 6.
static void multiply_pairs(
    const mixtape_winograd *shape, const plan *plan, int count, const float *input, const float *weights,
    float *spare, float *output) {
    const int pairs = plan->frames / 2, channels = shape->input_channels;
    const size_t frame = (size_t)count * channels, output_frame = (size_t)count * plan->padded_outputs;
    const size_t slice = (size_t)channels * COLUMNS;
    const int parts = (count + plan->paired - 1) / plan->paired;
    for (int part = 0; part < parts; part++) {
        const int first = part_of(count, part, parts), here = part_of(count, part + 1, parts) - first;
        const size_t size = (size_t)here * channels, output_size = (size_t)here * plan->padded_outputs;
        const size_t products_step = pairs * output_size;
        float *products = spare + pairs * size;
        const row_group all = {0, pairs * here, 0, 1};
        for (int point = 0; point < TIME_POINTS; point++) {
            for (int pair = 0; pair < pairs; pair++) {
                const float *own = input + 2 * pair * frame + (size_t)first * channels, *next = own + frame;
                const float *before = pair > 0 ? own - frame : NULL;
                const float *behind = pair + 1 < pairs ? next + frame : NULL;
                float *out = spare + pair * size;
                switch (point) {
                case 0: combine(before, next, -1, size, out); break;
                case 1: combine(own, next, 1, size, out); break;
                case 2: combine(next, own, -1, size, out); break;
                case 3: combine(own, behind, -1, size, out); break;
                }
            }
            multiply_groups(
                plan, &all, 1, here, 0, channels, 1, spare, weights + point * slice, TIME_POINTS * slice,
                products + point * products_step);
        }
        for (int pair = 0; pair < pairs; pair++) {
            float *out = output + 2 * pair * output_frame + (size_t)first * plan->padded_outputs;
            combine_pair(products + pair * output_size, products_step, output_size, out, out + output_frame);
        }
    }
}

void multiply_point(
    const mixtape_winograd *shape, const plan *plan, int count, const float *input, const float *weights,
    float *spare, float *output) {
    if (plan->in_pairs) {
        multiply_pairs(shape, plan, count, input, weights, spare, output);
        return;
    }
    const int rows = plan->frames * count, taps = shape->time_taps;
    // The first frame has no tap before it, the last none behind.
    row_group groups[3];
    int group_count = 0;
    if (taps == 1 || plan->has_zero_frames) {
        groups[group_count++] = (row_group){0, rows, 0, taps};
    } else if (plan->frames == 1) {
        groups[group_count++] = (row_group){0, rows, 1, 2};
    } else {
        groups[group_count++] = (row_group){0, count, 1, 3};
        groups[group_count++] = (row_group){count, rows - count, 0, 3};
        groups[group_count++] = (row_group){rows - count, rows, 0, 2};
    }
    multiply_groups(
        plan, groups, group_count, count, taps == 3 && !plan->has_zero_frames ? 1 : 0, shape->input_channels,
        taps, input, weights, (size_t)taps * shape->input_channels * COLUMNS, output);
}

#endif
