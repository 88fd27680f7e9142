#if defined(__x86_64__)

#include "plan.h"

// Floats of a cache line: matrices that lie a power of two apart would share one set of the cache.
#define LINE 16
// A part of the second-level cache.
#define SMALL_CHUNK (256 << 10)
// Frames, and rows of a clip, from which pairs of frames pay: they take a third more weights and a product less in three.
#define LEAST_PAIRED_FRAMES 8
#define LEAST_PAIRED_ROWS 64
// Gradients are summed over a chunk in registers: longer sums, fewer of them.
#define SMALL_GRADIENT_CHUNK (1 << 20)

static int divided_up(int a, int b) { return (a + b - 1) / b; }

static int tiles_of_picture(const mixtape_winograd *shape) {
    return divided_up(shape->width, TILE) * divided_up(shape->height, TILE);
}

static bool pays_in_pairs(const mixtape_winograd *shape) {
    return shape->time_taps > 1 && shape->frames % 2 == 0 && shape->frames >= LEAST_PAIRED_FRAMES
        && tiles_of_picture(shape) * shape->frames >= LEAST_PAIRED_ROWS;
}

static plan cut(const mixtape_winograd *shape, bool in_pairs, size_t small_chunk) {
    plan plan = {.in_pairs = in_pairs};
    const bool in_time = shape->time_taps > 1;
    plan.pictures = in_time ? shape->batch : shape->batch * shape->frames;
    plan.frames = in_time ? shape->frames : 1;
    plan.tiles_across = divided_up(shape->width, TILE);
    plan.tiles_of_picture = tiles_of_picture(shape);
    plan.tiles = plan.pictures * plan.tiles_of_picture;
    plan.padded_outputs = divided_up(shape->output_channels, COLUMNS) * COLUMNS;

    plan.slices = in_pairs ? TIME_POINTS : shape->time_taps;
    plan.point_weights = (size_t)plan.slices * shape->input_channels * plan.padded_outputs;

    // As much of the transformed arrays as there are weights: both come from memory equally often then, and small ones stay
    // in the cache.
    const size_t point = sizeof(float) * POINTS;
    const size_t weights = point * plan.point_weights;
    const size_t tile = point * (shape->input_channels + plan.padded_outputs) * plan.frames;
    const size_t wanted = (weights < small_chunk ? small_chunk : weights) / tile;
    const int most = wanted < 1 ? 1 : wanted > (size_t)plan.tiles ? plan.tiles : (int)wanted;
    plan.chunk = divided_up(plan.tiles, divided_up(plan.tiles, most));
    plan.chunks = divided_up(plan.tiles, plan.chunk);
    return plan;
}

plan make_plan(const mixtape_winograd *shape) {
    plan plan = cut(shape, pays_in_pairs(shape), SMALL_CHUNK);
    // The first and the last frame lack a tap. Left out, they are multiplied by themselves, which takes longer than
    // products with zeros where they are few rows.
    plan.has_zero_frames = shape->time_taps > 1 && !plan.in_pairs && plan.chunk < 4;
    if (plan.in_pairs)
        plan.spare = (size_t)plan.frames / 2 * plan.chunk
            * (shape->input_channels + TIME_POINTS * plan.padded_outputs);
    const int input_frames = plan.frames + (plan.has_zero_frames ? 2 : 0);
    plan.input_row_step = shape->input_channels;
    plan.input_block_step = LANES;
    plan.input_step = (size_t)input_frames * plan.chunk * shape->input_channels + LINE;
    plan.output_row_step = plan.padded_outputs;
    plan.output_block_step = LANES;
    plan.output_step = (size_t)plan.frames * plan.chunk * plan.padded_outputs + LINE;
    return plan;
}

plan make_gradient_plan(const mixtape_winograd *shape) {
    plan plan = cut(shape, false, SMALL_GRADIENT_CHUNK);
    const size_t rows = (size_t)plan.frames * plan.chunk;
    plan.input_row_step = LANES;
    plan.input_block_step = rows * LANES;
    plan.input_step = rows * shape->input_channels + LINE;
    plan.output_row_step = COLUMNS;
    plan.output_block_step = rows * COLUMNS;
    plan.output_step = rows * plan.padded_outputs + LINE;
    return plan;
}

#endif
