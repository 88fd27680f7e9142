#include "plan.h"

#if defined(__x86_64__)

static size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

static int output_extent(const mixtape_tiles *shape, int axis) {
    return (shape->extent[axis] + 2 * shape->padding[axis] - shape->taps[axis]) / shape->stride[axis] + 1;
}

bool mixtape_tiles_support(const mixtape_tiles *shape) {
    for (int axis = 0; axis < 3; axis++) {
        if (shape->taps[axis] != 2 * shape->padding[axis] + 1 || output_extent(shape, axis) < 1) return false;
        if (shape->stride[axis] < 1) return false;
    }
    if (shape->output_channels % COLUMNS || shape->input_channels > MOST_CHANNELS) return false;
    if (shape->input_channels % DEPTH == 0) return true;
    return shape->input_channels * WINDOW <= DEPTH && shape->taps[2] <= WINDOW && shape->extent[2] <= LONGEST_LINE;
}

// Runs of cells at one distance, and the tiles that they are cut into: as few as there can be, of one size. The last is moved
// back so that it ends with its run.
static void plan_tiles(const mixtape_tiles *shape, plan *plan) {
    const bool joins_lines = shape->stride[1] == 1 && (plan->is_planar || shape->stride[2] == 1);
    plan->step_bytes = plan->cell_bytes * (plan->is_planar ? 1 : shape->stride[2]);
    plan->run_line = joins_lines ? plan->line_cells : plan->output_width;
    plan->runs = joins_lines ? 1 : plan->output_height;
    plan->run_cells = joins_lines ? (plan->output_height - 1) * plan->line_cells + plan->output_width : plan->output_width;
    plan->run_bytes = plan->line_bytes * shape->stride[1];
    plan->run_tiles = (plan->run_cells + ROWS - 1) / ROWS;
    plan->rows = (plan->run_cells + plan->run_tiles - 1) / plan->run_tiles;
    plan->frame_tiles = plan->runs * plan->run_tiles;
}

plan mixtape_tiles_plan(const mixtape_tiles *shape) {
    plan plan = {.is_planar = shape->input_channels % DEPTH != 0};
    const bool is_apart = shape->taps[0] == 1 && shape->stride[0] == 1;  // each frame by itself
    plan.pictures = is_apart ? shape->batch * shape->extent[0] : shape->batch;
    plan.frames = is_apart ? 1 : shape->extent[0];
    plan.output_frames = is_apart ? 1 : output_extent(shape, 0);
    plan.output_height = output_extent(shape, 1);
    plan.output_width = output_extent(shape, 2);

    plan.is_direct = !plan.is_planar && !shape->padding[1] && !shape->padding[2];
    plan.lines = shape->extent[1] + 2 * shape->padding[1];
    plan.line_cells = plan.is_planar ? plan.output_width : shape->extent[2] + shape->padding[2];
    plan.cell_bytes = plan.is_planar ? 2 * DEPTH : 2 * (size_t)shape->input_channels;
    plan.line_bytes = plan.cell_bytes * plan.line_cells;
    // The last line's end has zeros of its own.
    plan.frame_bytes = plan.line_bytes * plan.lines + (plan.is_planar ? 0 : plan.cell_bytes * shape->padding[2]);

    plan.depth_steps = plan.is_planar ? 1 : shape->input_channels / DEPTH;
    for (int axis = 0; axis < 3; axis++) plan.taps[axis] = shape->taps[axis];
    if (plan.is_planar) plan.taps[2] = 1;
    plan.tap_bytes[1] = plan.line_bytes;
    plan.tap_bytes[2] = plan.cell_bytes;
    plan.column_blocks = shape->output_channels / COLUMNS;
    plan.block_weights = (size_t)2 * TILE_BYTES * plan.taps[0] * plan.taps[1] * plan.taps[2] * plan.depth_steps;
    plan_tiles(shape, &plan);

    // Half of a second-level cache of 2 MB; weights that do not fit one are worth more pictures.
    const size_t picture_bytes = plan.frame_bytes * plan.frames;
    const size_t room = (size_t)1 << 20;
    plan.group = plan.is_direct ? plan.pictures : (int)(room / picture_bytes);
    if (plan.group < 1) plan.group = 1;
    if (plan.group > plan.pictures) plan.group = plan.pictures;
    return plan;
}

size_t mixtape_tiles_weight_size(const mixtape_tiles *shape) {
    const plan plan = mixtape_tiles_plan(shape);
    return plan.block_weights * plan.column_blocks;
}

size_t mixtape_tiles_scratch_size(const mixtape_tiles *shape) {
    const plan plan = mixtape_tiles_plan(shape);
    // A frame of zeros stands for those before the first and behind the last.
    const size_t frames = plan.is_direct ? 0 : (size_t)plan.group * plan.frames;
    return round_up(plan.frame_bytes * (frames + 1), 64);
}

#endif
