#if defined(__x86_64__)

#include "plan.h"

// Floats of a cache line: matrices that lie a power of two apart would share one set of the cache.
#define LINE 16
// A part of the second-level cache.
#define SMALL_CHUNK (256 << 10)
// Frames, and rows of a clip, from which pairs of frames pay: they take a third more weights and a product less in three.
#define LEAST_PAIRED_FRAMES 8
#define LEAST_PAIRED_ROWS 64
// Tiles that are multiplied at once in pairs where there are as many: what they take stays in the second-level cache.
#define LEAST_PAIRED 16
// Gradients are summed over a chunk in registers: longer sums, fewer of them.
#define SMALL_GRADIENT_CHUNK (1 << 20)

static int divided_up(int a, int b) { return (a + b - 1) / b; }

static bool pays_in_pairs(const mixtape_winograd *shape, const plan *plan) {
    return shape->time_taps > 1 && shape->frames % 2 == 0 && shape->frames >= LEAST_PAIRED_FRAMES
        && plan->tiles_of_picture * shape->frames * plan->products >= LEAST_PAIRED_ROWS * POINTS;
}

static plan cut(const mixtape_winograd *shape, bool may_pair, size_t small_chunk) {
    plan plan = {
        .output_height = divided_up(shape->height, shape->stride),
        .output_width = divided_up(shape->width, shape->stride),
        .products = shape->stride > 1 ? STRIDED_EDGE * STRIDED_EDGE : POINTS,
    };
    const bool in_time = shape->time_taps > 1;
    plan.pictures = in_time ? shape->batch : shape->batch * shape->frames;
    plan.frames = in_time ? shape->frames : 1;
    plan.tiles_across = divided_up(plan.output_width, TILE);
    plan.tiles_of_picture = divided_up(plan.output_height, TILE) * plan.tiles_across;
    plan.tiles = plan.pictures * plan.tiles_of_picture;
    plan.padded_outputs = divided_up(shape->output_channels, COLUMNS) * COLUMNS;

    plan.in_pairs = may_pair && pays_in_pairs(shape, &plan);
    plan.slices = plan.in_pairs ? TIME_POINTS : shape->time_taps;
    plan.point_weights = (size_t)plan.slices * shape->input_channels * plan.padded_outputs;

    // As much of the transformed arrays as there are weights: both come from memory equally often then, and small ones stay
    // in the cache.
    const size_t weights = sizeof(float) * POINTS * plan.point_weights;
    const size_t tile
        = sizeof(float) * plan.products * (shape->input_channels + plan.padded_outputs) * plan.frames;
    const size_t wanted = (weights < small_chunk ? small_chunk : weights) / tile;
    const int most = wanted < 1 ? 1 : wanted > (size_t)plan.tiles ? plan.tiles : (int)wanted;
    plan.chunk = divided_up(plan.tiles, divided_up(plan.tiles, most));
    plan.chunks = divided_up(plan.tiles, plan.chunk);
    return plan;
}

plan make_plan(const mixtape_winograd *shape) {
    plan plan = cut(shape, true, SMALL_CHUNK);
    // The first and the last frame lack a tap. Left out, they are multiplied by themselves, which takes longer than
    // products with zeros where they are few rows.
    plan.has_zero_frames = shape->time_taps > 1 && !plan.in_pairs && plan.chunk < 4;
    if (plan.in_pairs) {
        plan.paired = plan.chunk < LEAST_PAIRED && plan.products > POINTS ? LEAST_PAIRED : plan.chunk;
        plan.spare = (size_t)plan.frames / 2 * plan.paired
            * (shape->input_channels + TIME_POINTS * plan.padded_outputs);
    }
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
