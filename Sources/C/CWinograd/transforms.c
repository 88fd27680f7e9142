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

// The same with a stride of 2: values at 0, 1, −1, 2 and infinity of every other input, which two taps of a filter meet, and
// the four between, which meet the third alone.
INLINE_KERNEL void evaluate_strided(const __m256 *d, __m256 *out) {
    const __m256 two = _mm256_set1_ps(2), three = _mm256_set1_ps(3);
    const __m256 difference = _mm256_sub_ps(d[6], d[2]);
    out[0] = _mm256_fmadd_ps(two, _mm256_sub_ps(d[0], d[4]), difference);
    out[1] = _mm256_fnmadd_ps(two, d[2], _mm256_sub_ps(d[6], d[4]));
    out[2] = _mm256_fmadd_ps(two, d[2], _mm256_fnmadd_ps(three, d[4], d[6]));
    out[3] = difference;
    out[4] = _mm256_fnmadd_ps(two, difference, _mm256_sub_ps(d[8], d[4]));
    for (int i = 0; i < TILE; i++) out[EDGE - 1 + i] = d[2 * i + 1];
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

// The same of `evaluate_strided`.
INLINE_KERNEL void interpolate_strided(const __m256 *m, __m256 *out) {
    const __m256 two = _mm256_set1_ps(2), four = _mm256_set1_ps(4), eight = _mm256_set1_ps(8);
    const __m256 even = _mm256_add_ps(m[1], m[2]), odd = _mm256_sub_ps(m[1], m[2]);
    out[0] = _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(m[0], even), m[3]), m[5]);
    out[1] = _mm256_add_ps(_mm256_fmadd_ps(two, m[3], odd), m[6]);
    out[2] = _mm256_add_ps(_mm256_fmadd_ps(four, m[3], even), m[7]);
    out[3] = _mm256_add_ps(_mm256_add_ps(_mm256_fmadd_ps(eight, m[3], odd), m[4]), m[8]);
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
    ptrdiff_t offset;  // floats from the array's start to the first channel's block of the tile's first cell
    int frame;
    int tile;          // of the chunk
    int y, x;          // of the tile's first cell
} place;

/// The tile's first cell is that of the output, or, `step` times as far from the corner, the middle of what it sees of the
/// input.
INLINE_KERNEL place place_of(
    const mixtape_winograd *shape, const plan *plan, const row_range *rows, int row, int channels, int height,
    int width, int step) {
    const int tile = row % rows->count, number = rows->first + tile;
    const int picture = number / plan->tiles_of_picture, inside = number % plan->tiles_of_picture;
    const int frame = row / rows->count;
    const int clip = shape->time_taps > 1 ? picture : picture / shape->frames;
    const int time = shape->time_taps > 1 ? frame : picture % shape->frames;
    const int y = inside / plan->tiles_across * TILE * step, x = inside % plan->tiles_across * TILE * step;
    const ptrdiff_t plane = (ptrdiff_t)height * width;
    const ptrdiff_t offset = (clip * (ptrdiff_t)channels * shape->frames + time * (ptrdiff_t)LANES) * plane
        + (y * (ptrdiff_t)width + x) * LANES;
    return (place){offset, frame, tile, y, x};
}

// Where a tile's rows of the matrices lie, in floats.
typedef struct {
    size_t step;   // from one point's matrix to the next
    size_t frame;  // from a matrix's start to the frame's first row, of a matrix of one product
    size_t tiles;  // from one product's rows of a frame to the next one's
} rows_at;

/// The row for the product at row i and column j of a tile's EDGE², or STRIDED_EDGE², products.
INLINE_KERNEL size_t product_at(const rows_at *at, int i, int j, bool strided) {
    const int a = i < EDGE ? i : EDGE - 1, b = j < EDGE ? j : EDGE - 1;
    const share share = share_of(a * EDGE + b, strided);
    const int number = (i - a) * (b == EDGE - 1 ? TILE : 1) + (j - b);
    return share.first * at->step + share.count * at->frame + number * at->tiles;
}

// Where a tile's inputs lie: cells outside of the picture are not read, their lanes are masked.
typedef struct {
    bool is_inside;
    __m256i rows[STRIDED_EDGE], columns[STRIDED_EDGE];
} border;

INLINE_KERNEL void transform_tile(
    const float *source, ptrdiff_t line, const border *border, bool is_inside, bool strided, rows_at at,
    float *out) {
    const int edge = strided ? STRIDED_EDGE : EDGE;
    __m256 half[STRIDED_EDGE][STRIDED_EDGE], values[STRIDED_EDGE], column[STRIDED_EDGE];
#pragma clang loop unroll(full)
    for (int i = 0; i < edge; i++) {
        for (int j = 0; j < edge; j++) {
            const float *cell = source + i * line + j * LANES;
            values[j] = is_inside
                ? _mm256_loadu_ps(cell)
                : _mm256_maskload_ps(cell, _mm256_and_si256(border->rows[i], border->columns[j]));
        }
        if (strided) evaluate_strided(values, half[i]);
        else evaluate(values, half[i]);
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < edge; j++) {
        for (int i = 0; i < edge; i++) column[i] = half[i][j];
        if (strided) evaluate_strided(column, values);
        else evaluate(column, values);
        for (int i = 0; i < edge; i++)
            _mm256_storeu_ps(out + product_at(&at, i, j, strided), values[i]);
    }
}

/// All bits for each of `count` places from `first` on that lies in [0, end).
INLINE_KERNEL void mask_inside(int first, int end, int count, __m256i *masks) {
    for (int i = 0; i < count; i++)
        masks[i] = _mm256_set1_epi32((unsigned)(first + i) < (unsigned)end ? -1 : 0);
}

INLINE_KERNEL void transform_tiles(
    const mixtape_winograd *shape, const plan *plan, const float *source, row_range rows, bool strided,
    float *input) {
    const ptrdiff_t line = (ptrdiff_t)shape->width * LANES, block = line * shape->height * shape->frames;
    const int edge = strided ? STRIDED_EDGE : EDGE, stride = strided ? 2 : 1;
    for (int row = rows.from; row < rows.to; row++) {
        const place at
            = place_of(shape, plan, &rows, row, shape->input_channels, shape->height, shape->width, stride);
        border border;
        border.is_inside = at.y > 0 && at.x > 0 && at.y + edge - 1 <= shape->height
            && at.x + edge - 1 <= shape->width;
        mask_inside(at.y - 1, shape->height, edge, border.rows);
        mask_inside(at.x - 1, shape->width, edge, border.columns);
        const float *corner = source + (at.offset - line - LANES);
        const size_t tiles = rows.count * plan->input_row_step;
        const rows_at row_at = {plan->input_step, (at.frame + plan->has_zero_frames) * tiles, tiles};
        float *out = input + at.tile * plan->input_row_step;
        for (int channel = 0; channel < shape->input_channels; channel += LANES) {
            if (border.is_inside) transform_tile(corner, line, &border, true, strided, row_at, out);
            else transform_tile(corner, line, &border, false, strided, row_at, out);
            corner += block;
            out += plan->input_block_step;
        }
    }
}

KERNEL void transform_input(
    const mixtape_winograd *shape, const plan *plan, const float *source, row_range rows, float *input) {
    if (shape->stride > 1) transform_tiles(shape, plan, source, rows, true, input);
    else transform_tiles(shape, plan, source, rows, false, input);
}

INLINE_KERNEL void interpolate_tiles(
    const mixtape_winograd *shape, const plan *plan, const float *output, row_range rows, const float *bias,
    bool strided, float *destination, bool adds_to_destination, bool relu) {
    const int height = plan->output_height, width = plan->output_width, edge = strided ? STRIDED_EDGE : EDGE;
    const ptrdiff_t line = (ptrdiff_t)width * LANES, block = line * height * shape->frames;
    const __m256 zero = _mm256_setzero_ps();
    for (int row = rows.from; row < rows.to; row++) {
        const place at = place_of(shape, plan, &rows, row, shape->output_channels, height, width, 1);
        const int down = height - at.y < TILE ? height - at.y : TILE;
        const int across = width - at.x < TILE ? width - at.x : TILE;
        const size_t tiles = rows.count * plan->output_row_step;
        const rows_at row_at = {plan->output_step, at.frame * tiles, tiles};
        const float *products = output + at.tile * plan->output_row_step;
        for (int channel = 0; channel < shape->output_channels; channel += LANES, products += LANES) {
            float *out = destination + (at.offset + channel / LANES * block);
            __m256 half[TILE][STRIDED_EDGE];
#pragma clang loop unroll(full)
            for (int j = 0; j < edge; j++) {
                __m256 column[STRIDED_EDGE], values[TILE];
                for (int i = 0; i < edge; i++)
                    column[i] = _mm256_loadu_ps(products + product_at(&row_at, i, j, strided));
                if (strided) interpolate_strided(column, values);
                else interpolate(column, values);
                for (int i = 0; i < TILE; i++) half[i][j] = values[i];
            }
            const __m256 offset = bias ? _mm256_loadu_ps(bias + channel) : zero;
            for (int i = 0; i < down; i++) {
                __m256 values[TILE];
                if (strided) interpolate_strided(half[i], values);
                else interpolate(half[i], values);
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

KERNEL void transform_output(
    const mixtape_winograd *shape, const plan *plan, const float *output, row_range rows, const float *bias,
    float *destination, bool adds_to_destination, bool relu) {
    if (shape->stride > 1)
        interpolate_tiles(shape, plan, output, rows, bias, true, destination, adds_to_destination, relu);
    else interpolate_tiles(shape, plan, output, rows, bias, false, destination, adds_to_destination, relu);
}

KERNEL void transform_gradient(
    const mixtape_winograd *shape, const plan *plan, const float *gradient, row_range rows, float *output) {
    const ptrdiff_t line = (ptrdiff_t)shape->width * LANES, block = line * shape->height * shape->frames;
    for (int row = rows.from; row < rows.to; row++) {
        const place at
            = place_of(shape, plan, &rows, row, shape->output_channels, shape->height, shape->width, 1);
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
