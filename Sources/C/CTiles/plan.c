#include "plan.h"

#if defined(__x86_64__)

static int output_extent(const mixtape_tiles *shape, int axis) {
    return (shape->extent[axis] + 2 * shape->padding[axis] - shape->taps[axis]) / shape->stride[axis] + 1;
}

bool mixtape_tiles_read_planar(const mixtape_tiles *shape) { return shape->input_channels % DEPTH != 0; }

bool mixtape_tiles_support(const mixtape_tiles *shape) {
    for (int axis = 0; axis < 3; axis++) {
        if (shape->stride[axis] < 1 || shape->taps[axis] != 2 * shape->padding[axis] + 1) return false;
        if (output_extent(shape, axis) < 1) return false;
    }
    if (shape->output_channels % COLUMNS || shape->input_channels > MOST_CHANNELS) return false;
    if (!mixtape_tiles_read_planar(shape)) return true;
    return shape->input_channels * WINDOW <= DEPTH && shape->taps[2] <= WINDOW && shape->extent[2] <= LONGEST_LINE;
}

// Runs of cells at one distance, and the tiles that they are cut into: as few as there can be, of one size. The last is moved
// back so that it ends with its run.
static void cut_tiles(plan *plan, int runs, int run_cells) {
    plan->run_cells = run_cells;
    plan->run_tiles = (run_cells + ROWS - 1) / ROWS;
    plan->rows = (run_cells + plan->run_tiles - 1) / plan->run_tiles;
    plan->frame_tiles = runs * plan->run_tiles;
}

// Lines that are as the source's, with their zeros.
static void lay_lines(const mixtape_tiles *shape, plan *plan) {
    const bool joins_lines = shape->stride[1] == 1 && shape->stride[2] == 1;
    plan->line_planes = 1;
    plan->lines = shape->extent[1] + 2 * shape->padding[1];
    plan->line_cells = shape->extent[2] + shape->padding[2];
    plan->line_bytes = plan->cell_bytes * plan->line_cells;
    plan->plane_bytes = plan->line_bytes * plan->lines;
    // The last line's end has zeros of its own.
    plan->frame_bytes = plan->plane_bytes + plan->cell_bytes * shape->padding[2];
    plan->column_bytes = plan->cell_bytes;
    plan->step_bytes = plan->cell_bytes * shape->stride[2];
    plan->run_line = joins_lines ? plan->line_cells : plan->output_width;
    plan->run_bytes = plan->line_bytes * shape->stride[1];
    if (joins_lines) cut_tiles(plan, 1, (plan->output_height - 1) * plan->line_cells + plan->output_width);
    else cut_tiles(plan, plan->output_height, plan->output_width);
}

// Planes of the output's cells alone. Windows of a planar source are such cells: there is one column of taps.
static void lay_planes(const mixtape_tiles *shape, plan *plan) {
    plan->is_dense = true;
    plan->line_planes = shape->stride[1];
    plan->lines = plan->output_height + (shape->taps[1] - 1) / shape->stride[1];
    plan->line_cells = plan->output_width;
    plan->line_bytes = plan->cell_bytes * plan->line_cells;
    plan->plane_bytes = plan->line_bytes * plan->lines;
    plan->column_bytes = plan->plane_bytes * plan->line_planes;
    plan->frame_bytes = plan->column_bytes * plan->taps[2];
    plan->step_bytes = plan->cell_bytes;
    plan->run_line = plan->line_cells;
    plan->run_bytes = 0;
    cut_tiles(plan, 1, plan->output_height * plan->output_width);
}

plan mixtape_tiles_plan(const mixtape_tiles *shape) {
    plan plan = {.is_planar = mixtape_tiles_read_planar(shape)};
    const bool is_apart = shape->taps[0] == 1 && shape->stride[0] == 1;  // each frame by itself
    plan.pictures = is_apart ? shape->batch * shape->extent[0] : shape->batch;
    plan.frames = is_apart ? 1 : shape->extent[0];
    plan.output_frames = is_apart ? 1 : output_extent(shape, 0);
    plan.output_height = output_extent(shape, 1);
    plan.output_width = output_extent(shape, 2);

    plan.cell_bytes = plan.is_planar ? 2 * DEPTH : 2 * (size_t)shape->input_channels;
    plan.depth_steps = plan.is_planar ? 1 : shape->input_channels / DEPTH;
    for (int axis = 0; axis < 3; axis++) plan.taps[axis] = shape->taps[axis];
    if (plan.is_planar) plan.taps[2] = 1;
    plan.column_blocks = shape->output_channels / COLUMNS;
    plan.block_weights = (size_t)2 * TILE_BYTES * plan.taps[0] * plan.taps[1] * plan.taps[2] * plan.depth_steps;

    plan.is_direct = !plan.is_planar && !shape->padding[1] && !shape->padding[2];
    struct plan dense = plan;
    lay_planes(shape, &dense);
    lay_lines(shape, &plan);
    // What is loaded for a tile: its cells, and weights. Planes hold each cell for every column of taps.
    const int loaded = plan.frame_tiles * (ROWS + plan.rows), loaded_dense = dense.frame_tiles * (ROWS + dense.rows);
    if (plan.is_planar || (!plan.is_direct && 8 * loaded_dense < 7 * loaded)) plan = dense;

    // Most of a second-level cache of 2 MB: weights that do not fit one are worth many pictures.
    const size_t picture_bytes = plan.frame_bytes * plan.frames;
    const size_t room = (size_t)3 << 19;
    plan.group = plan.is_direct ? plan.pictures : (int)(room / picture_bytes);
    plan.group = plan.group < 1 ? 1 : smaller(plan.group, plan.pictures);
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

#else

bool mixtape_tiles_read_planar(const mixtape_tiles *shape) { return false; }
bool mixtape_tiles_support(const mixtape_tiles *shape) { return false; }
size_t mixtape_tiles_weight_size(const mixtape_tiles *shape) { return 0; }
size_t mixtape_tiles_scratch_size(const mixtape_tiles *shape) { return 0; }

#endif
