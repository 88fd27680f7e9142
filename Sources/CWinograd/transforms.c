#if defined(__x86_64__)

#include <immintrin.h>
#include <stddef.h>

#include "plan.h"

// Values of a row of inputs at the six points: Bᵀ of the paper.
INLINE_KERNEL void evaluate(const __m256 *d, __m256 *out) {
    const __m256 two = _mm256_set1_ps(2), four = _mm256_set1_ps(4), five = _mm256_set1_ps(5);
    const __m256 even = _mm256_fnmadd_ps(four, d[2], d[4]), odd = _mm256_fnmadd_ps(four, d[1], d[3]);
    const __m256 even2 = _mm256_sub_ps(d[4], d[2]), odd2 = _mm256_mul_ps(two, _mm256_sub_ps(d[3], d[1]));
    out[0] = _mm256_fmadd_ps(four, d[0], _mm256_fnmadd_ps(five, d[2], d[4]));
    out[1] = _mm256_add_ps(even, odd);
    out[2] = _mm256_sub_ps(even, odd);
    out[3] = _mm256_add_ps(even2, odd2);
    out[4] = _mm256_sub_ps(even2, odd2);
    out[5] = _mm256_fmadd_ps(four, d[1], _mm256_fnmadd_ps(five, d[3], d[5]));
}

// A row of outputs from its products at the six points: Aᵀ of the paper.
INLINE_KERNEL void interpolate(const __m256 *m, __m256 *out) {
    const __m256 two = _mm256_set1_ps(2), four = _mm256_set1_ps(4), eight = _mm256_set1_ps(8);
    const __m256 even = _mm256_add_ps(m[1], m[2]), odd = _mm256_sub_ps(m[1], m[2]);
    const __m256 even2 = _mm256_add_ps(m[3], m[4]), odd2 = _mm256_sub_ps(m[3], m[4]);
    out[0] = _mm256_add_ps(_mm256_add_ps(m[0], even), even2);
    out[1] = _mm256_fmadd_ps(two, odd2, odd);
    out[2] = _mm256_fmadd_ps(four, even2, even);
    out[3] = _mm256_add_ps(_mm256_fmadd_ps(eight, odd2, odd), m[5]);
}

// What `interpolate` does to gradients, the other way: A of the paper.
INLINE_KERNEL void spread(const __m256 *y, __m256 *out) {
    const __m256 two = _mm256_set1_ps(2), four = _mm256_set1_ps(4);
    const __m256 even = _mm256_add_ps(y[0], y[2]), odd = _mm256_add_ps(y[1], y[3]);
    const __m256 even2 = _mm256_fmadd_ps(four, y[2], y[0]);
    const __m256 odd2 = _mm256_mul_ps(two, _mm256_fmadd_ps(four, y[3], y[1]));
    out[0] = y[0];
    out[1] = _mm256_add_ps(even, odd);
    out[2] = _mm256_sub_ps(even, odd);
    out[3] = _mm256_add_ps(even2, odd2);
    out[4] = _mm256_sub_ps(even2, odd2);
    out[5] = y[3];
}

// Where a row of the matrices lies in a picture.
typedef struct {
    ptrdiff_t offset;  // floats from the array's start to the first channel's block of the tile's first output
    int frame;
    int tile;          // of the chunk
    int y, x;          // of the tile's first output
} place;

INLINE_KERNEL place place_of(
    const mixtape_winograd *shape, const plan *plan, const row_range *rows, int row, int channels) {
    const int tile = row % rows->count, number = rows->first + tile;
    const int picture = number / plan->tiles_of_picture, inside = number % plan->tiles_of_picture;
    const int frame = row / rows->count;
    const int clip = shape->time_taps > 1 ? picture : picture / shape->frames;
    const int time = shape->time_taps > 1 ? frame : picture % shape->frames;
    const int y = inside / plan->tiles_across * TILE, x = inside % plan->tiles_across * TILE;
    const ptrdiff_t plane = (ptrdiff_t)shape->height * shape->width;
    const ptrdiff_t offset = (clip * (ptrdiff_t)channels * shape->frames + time * (ptrdiff_t)LANES) * plane
        + (y * (ptrdiff_t)shape->width + x) * LANES;
    return (place){offset, frame, tile, y, x};
}

// Where a tile's inputs lie: cells outside of the picture are not read, their lanes are masked.
typedef struct {
    bool is_inside;
    __m256i rows[EDGE], columns[EDGE];
} border;

INLINE_KERNEL void transform_tile(
    const float *source, ptrdiff_t line, const border *border, bool is_inside, float *out, size_t step) {
    __m256 half[EDGE][EDGE], values[EDGE];
#pragma clang loop unroll(full)
    for (int i = 0; i < EDGE; i++) {
        for (int j = 0; j < EDGE; j++) {
            const float *cell = source + i * line + j * LANES;
            values[j] = is_inside
                ? _mm256_loadu_ps(cell)
                : _mm256_maskload_ps(cell, _mm256_and_si256(border->rows[i], border->columns[j]));
        }
        evaluate(values, half[i]);
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < EDGE; j++) {
        const __m256 column[EDGE] = {half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]};
        evaluate(column, values);
        for (int i = 0; i < EDGE; i++) _mm256_storeu_ps(out + (size_t)(i * EDGE + j) * step, values[i]);
    }
}

/// All bits for each of `count` places from `first` on that lies in [0, end).
INLINE_KERNEL void mask_inside(int first, int end, int count, __m256i *masks) {
    for (int i = 0; i < count; i++)
        masks[i] = _mm256_set1_epi32((unsigned)(first + i) < (unsigned)end ? -1 : 0);
}

KERNEL void transform_input(
    const mixtape_winograd *shape, const plan *plan, const float *source, row_range rows, float *input) {
    const ptrdiff_t line = (ptrdiff_t)shape->width * LANES, block = line * shape->height * shape->frames;
    for (int row = rows.from; row < rows.to; row++) {
        const place at = place_of(shape, plan, &rows, row, shape->input_channels);
        border border;
        border.is_inside = at.y > 0 && at.x > 0 && at.y + EDGE - 1 <= shape->height
            && at.x + EDGE - 1 <= shape->width;
        mask_inside(at.y - 1, shape->height, EDGE, border.rows);
        mask_inside(at.x - 1, shape->width, EDGE, border.columns);
        const float *corner = source + (at.offset - line - LANES);
        float *out = input
            + ((size_t)(at.frame + plan->has_zero_frames) * rows.count + at.tile) * plan->input_row_step;
        for (int channel = 0; channel < shape->input_channels; channel += LANES) {
            if (border.is_inside) transform_tile(corner, line, &border, true, out, plan->input_step);
            else transform_tile(corner, line, &border, false, out, plan->input_step);
            corner += block;
            out += plan->input_block_step;
        }
    }
}

KERNEL void transform_output(
    const mixtape_winograd *shape, const plan *plan, const float *output, row_range rows, const float *bias,
    float *destination, bool adds_to_destination, bool relu) {
    const ptrdiff_t line = (ptrdiff_t)shape->width * LANES, block = line * shape->height * shape->frames;
    const __m256 zero = _mm256_setzero_ps();
    for (int row = rows.from; row < rows.to; row++) {
        const place at = place_of(shape, plan, &rows, row, shape->output_channels);
        const int down = shape->height - at.y < TILE ? shape->height - at.y : TILE;
        const int across = shape->width - at.x < TILE ? shape->width - at.x : TILE;
        const float *products = output + (size_t)row * plan->output_row_step;
        for (int channel = 0; channel < shape->output_channels; channel += LANES, products += LANES) {
            float *out = destination + (at.offset + channel / LANES * block);
            __m256 half[TILE][EDGE];
            for (int j = 0; j < EDGE; j++) {
                __m256 column[EDGE], values[TILE];
                for (int i = 0; i < EDGE; i++)
                    column[i] = _mm256_loadu_ps(products + (size_t)(i * EDGE + j) * plan->output_step);
                interpolate(column, values);
                for (int i = 0; i < TILE; i++) half[i][j] = values[i];
            }
            const __m256 offset = bias ? _mm256_loadu_ps(bias + channel) : zero;
            for (int i = 0; i < down; i++) {
                __m256 values[TILE];
                interpolate(half[i], values);
                for (int j = 0; j < across; j++) {
                    float *cell = out + i * line + j * LANES;
                    __m256 value = _mm256_add_ps(values[j], offset);
                    if (adds_to_destination) value = _mm256_add_ps(value, _mm256_loadu_ps(cell));
                    // A NaN stays one: the second operand is what comes of a comparison with it.
                    if (relu) value = _mm256_max_ps(zero, value);
                    _mm256_storeu_ps(cell, value);
                }
            }
        }
    }
}

KERNEL void transform_gradient(
    const mixtape_winograd *shape, const plan *plan, const float *gradient, row_range rows, float *output) {
    const ptrdiff_t line = (ptrdiff_t)shape->width * LANES, block = line * shape->height * shape->frames;
    for (int row = rows.from; row < rows.to; row++) {
        const place at = place_of(shape, plan, &rows, row, shape->output_channels);
        __m256i row_mask[TILE], column_mask[TILE];
        mask_inside(at.y, shape->height, TILE, row_mask);
        mask_inside(at.x, shape->width, TILE, column_mask);
        for (int channel = 0; channel < shape->output_channels; channel += LANES) {
            const ptrdiff_t start = at.offset + channel / LANES * block;
            float *out = output + channel / COLUMNS * plan->output_block_step + row * plan->output_row_step
                + channel % COLUMNS;
            __m256 half[TILE][EDGE], values[EDGE];
            for (int i = 0; i < TILE; i++) {
                for (int j = 0; j < TILE; j++)
                    values[j] = _mm256_maskload_ps(
                        gradient + (start + i * line + j * LANES),
                        _mm256_and_si256(row_mask[i], column_mask[j]));
                spread(values, half[i]);
            }
            for (int j = 0; j < EDGE; j++) {
                const __m256 column[TILE] = {half[0][j], half[1][j], half[2][j], half[3][j]};
                spread(column, values);
                for (int i = 0; i < EDGE; i++)
                    _mm256_storeu_ps(out + (size_t)(i * EDGE + j) * plan->output_step, values[i]);
            }
        }
    }
}

#endif
