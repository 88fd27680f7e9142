#include "winograd.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#include "plan.h"

// The gradient by the weights is the transpose of the convolution as a function of them: each step of that, the other way
// round. What is summed over the rows, a product of matrices a point, lies as prepared weights do.

#define CHANNELS 4  // of the input whose sums with 16 columns fit in the registers

/// sums (channel, column) [+]= Σ over rows of input (row, LANES) × gradient (row, COLUMNS), for CHANNELS of the first's lanes.
INLINE_KERNEL void multiply(const float *input, const float *gradient, int rows, bool adds, float *sums) {
    __m256 block[CHANNELS][2];
    for (int i = 0; i < CHANNELS; i++)
        for (int j = 0; j < 2; j++)
            block[i][j] = adds ? _mm256_loadu_ps(sums + i * COLUMNS + j * LANES) : _mm256_setzero_ps();
    for (int row = 0; row < rows; row++, input += LANES, gradient += COLUMNS) {
        const __m256 first = _mm256_loadu_ps(gradient), second = _mm256_loadu_ps(gradient + LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < CHANNELS; i++) {
            const __m256 value = _mm256_broadcast_ss(input + i);
            block[i][0] = _mm256_fmadd_ps(value, first, block[i][0]);
            block[i][1] = _mm256_fmadd_ps(value, second, block[i][1]);
        }
    }
    for (int i = 0; i < CHANNELS; i++)
        for (int j = 0; j < 2; j++) _mm256_storeu_ps(sums + i * COLUMNS + j * LANES, block[i][j]);
}

/// One point's sums over a chunk of `count` tiles.
KERNEL static void multiply_chunk(
    const mixtape_winograd *shape, const plan *plan, int count, const float *input, const float *gradient,
    bool adds, float *sums) {
    for (int column = 0; column < plan->padded_outputs; column += COLUMNS, gradient += plan->output_block_step) {
        for (int tap = 0; tap < shape->time_taps; tap++) {
            // A frame's neighbour at this tap, and the frames that have one.
            const int ahead = tap - shape->time_taps / 2;
            const int from = ahead < 0 ? count : 0, to = (plan->frames - (ahead > 0)) * count;
            const float *block = input + ((ptrdiff_t)from + (ptrdiff_t)ahead * count) * LANES;
            for (int channel = 0; channel < shape->input_channels; channel += LANES) {
                for (int half = 0; half < LANES; half += CHANNELS, sums += CHANNELS * COLUMNS)
                    multiply(block + half, gradient + (ptrdiff_t)from * COLUMNS, to - from, adds, sums);
                block += plan->input_block_step;
            }
        }
    }
}

// Gᵀ of the paper: what gradients of a filter's values at the points are of the filter.
INLINE_KERNEL void collect(const __m256 *u, __m256 *out) {
    const __m256 quarter = _mm256_set1_ps(1.0f / 4), sixth = _mm256_set1_ps(1.0f / 6);
    const __m256 twelfth = _mm256_set1_ps(1.0f / 12), least = _mm256_set1_ps(1.0f / 24);
    const __m256 even = _mm256_add_ps(u[1], u[2]), odd = _mm256_sub_ps(u[2], u[1]);
    const __m256 even2 = _mm256_add_ps(u[3], u[4]), odd2 = _mm256_sub_ps(u[3], u[4]);
    out[0] = _mm256_fmadd_ps(quarter, u[0], _mm256_fnmadd_ps(sixth, even, _mm256_mul_ps(least, even2)));
    out[1] = _mm256_fmadd_ps(sixth, odd, _mm256_mul_ps(twelfth, odd2));
    out[2] = _mm256_add_ps(u[5], _mm256_mul_ps(sixth, _mm256_sub_ps(even2, even)));
}

/// Adds the gradients of 16 columns' filters, from `sums` of all points, to those of the weights (out,in,t,3,3).
KERNEL static void collect_columns(
    const mixtape_winograd *shape, const plan *plan, int first, const float *sums, float *weights) {
    const int inputs = shape->input_channels, times = shape->time_taps;
    sums += (size_t)first * times * inputs;
    for (int time = 0; time < times; time++)
        for (int channel = 0; channel < inputs; channel++, sums += COLUMNS)
            for (int lane = 0; lane < COLUMNS && first + lane < shape->output_channels; lane += LANES) {
                __m256 half[TAPS][EDGE], values[EDGE];
                for (int j = 0; j < EDGE; j++) {
                    __m256 column[EDGE];
                    for (int i = 0; i < EDGE; i++)
                        column[i] = _mm256_loadu_ps(sums + (size_t)(i * EDGE + j) * plan->point_weights + lane);
                    collect(column, values);
                    for (int i = 0; i < TAPS; i++) half[i][j] = values[i];
                }
                float filters[TAPS * TAPS][LANES];
                for (int i = 0; i < TAPS; i++) {
                    collect(half[i], values);
                    for (int j = 0; j < TAPS; j++) _mm256_storeu_ps(filters[i * TAPS + j], values[j]);
                }
                for (int k = 0; k < LANES; k++) {
                    float *one = weights
                        + (((size_t)(first + lane + k) * inputs + channel) * times + time) * (TAPS * TAPS);
                    for (int i = 0; i < TAPS * TAPS; i++) one[i] += filters[i][k];
                }
            }
}

typedef struct {
    const mixtape_winograd *shape;
    plan plan;
    const float *source, *gradient;
    float *weights, *scratch;
} run;

size_t mixtape_winograd_gradient_scratch_size(const mixtape_winograd *shape) {
    const plan plan = make_gradient_plan(shape);
    return sizeof(float) * POINTS * (plan.input_step + plan.output_step + plan.point_weights);
}

static void run_part(const run *run, int thread, int threads) {
    const plan *plan = &run->plan;
    const mixtape_winograd *shape = run->shape;
    float *input = run->scratch, *output = input + POINTS * plan->input_step;
    float *sums = output + POINTS * plan->output_step;
    for (int chunk = 0; chunk < plan->chunks; chunk++) {
        const int first = chunk * plan->chunk;
        const int count = plan->tiles - first < plan->chunk ? plan->tiles - first : plan->chunk;
        const int rows = plan->frames * count;
        const row_range mine = {first, count, part_of(rows, thread, threads), part_of(rows, thread + 1, threads)};
        transform_input(shape, plan, run->source, mine, input);
        transform_gradient(shape, plan, run->gradient, mine, output);
        if (threads > 1) GOMP_barrier();
        for (int i = part_of(POINTS, thread, threads); i < part_of(POINTS, thread + 1, threads); i++)
            multiply_chunk(
                shape, plan, count, input + i * plan->input_step, output + i * plan->output_step, chunk > 0,
                sums + i * plan->point_weights);
        if (threads > 1) GOMP_barrier();
    }
    for (int first = thread * COLUMNS; first < shape->output_channels; first += threads * COLUMNS)
        collect_columns(shape, plan, first, sums, run->weights);
}

static void run_together(void *data) {
    run_part(data, omp_get_thread_num(), omp_get_num_threads());
}

void mixtape_winograd_add_weight_gradient(
    const mixtape_winograd *shape, const float *source, const float *gradient, float *weights, void *scratch,
    int threads) {
    run run = {shape, make_gradient_plan(shape), source, gradient, weights, scratch};
    if (threads > 1) GOMP_parallel(run_together, &run, (unsigned)threads, 0);
    else run_part(&run, 0, 1);
}

#else

size_t mixtape_winograd_gradient_scratch_size(const mixtape_winograd *shape) { return 0; }
void mixtape_winograd_add_weight_gradient(
    const mixtape_winograd *shape, const float *source, const float *gradient, float *weights, void *scratch,
    int threads) {}

#endif
