#include "plan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

typedef struct {
    const mixtape_tiles *shape;
    plan plan;
    const uint16_t *source;
    const char *prepared;
    const float *bias;
    char *destination;
    bool adds_to_destination, relu;
    char *scratch;
} run;

// Where a tile lies: in a frame of a picture of the group.
typedef struct {
    int frame;          // of all frames of the group's output
    int cell;           // of its run: the first
    int skipped;        // rows that the tile before has given
    int run;
    size_t offset;      // bytes in a frame of lines
} place;

static place place_of(const plan *plan, int tile) {
    const int in_frame = tile % plan->frame_tiles, in_run = in_frame % plan->run_tiles;
    place place = {.frame = tile / plan->frame_tiles, .run = in_frame / plan->run_tiles};
    const int wanted = in_run * plan->rows, last = plan->run_cells - plan->rows;
    place.cell = wanted < last ? wanted : last;
    place.skipped = wanted - place.cell;
    place.offset = place.run * plan->run_bytes + place.cell * plan->step_bytes;
    return place;
}

// One row of sums, 32 channels, becomes a cell of the output.
INLINE_KERNEL void store_cell(const run *run, const float *sums, const float *bias, char *target) {
    __m512 low = _mm512_loadu_ps(sums), high = _mm512_loadu_ps(sums + TILE_BYTES / 4);
    if (bias) {
        low = _mm512_add_ps(low, _mm512_loadu_ps(bias));
        high = _mm512_add_ps(high, _mm512_loadu_ps(bias + 16));
    }
    if (run->adds_to_destination) {
        const __m512i old = _mm512_loadu_si512(target);
        const __m512i first = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(old));
        const __m512i second = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(old, 1));
        low = _mm512_add_ps(low, _mm512_castsi512_ps(_mm512_slli_epi32(first, 16)));
        high = _mm512_add_ps(high, _mm512_castsi512_ps(_mm512_slli_epi32(second, 16)));
    }
    if (run->relu) {
        // A NaN stays one: the second operand is what comes of it.
        low = _mm512_max_ps(_mm512_setzero_ps(), low);
        high = _mm512_max_ps(_mm512_setzero_ps(), high);
    }
    const __m512bh rounded = _mm512_cvtne2ps_pbh(high, low);
    memcpy(target, &rounded, sizeof rounded);
}

// The rows of a tile that are cells of the output, and were not given by the tile before.
INLINE_KERNEL void store_tile(
    const run *run, int first_picture, place place, int block, const float *sums) {
    const plan *plan = &run->plan;
    const int outputs = run->shape->output_channels;
    const size_t frame = (size_t)first_picture * plan->output_frames + place.frame;
    const int first = place.cell + place.skipped;
    int line = first / plan->run_line, column = first % plan->run_line;
    char *const target = run->destination + 2 * (size_t)block * COLUMNS
        + (frame * plan->output_height + place.run) * plan->output_width * 2 * (size_t)outputs;
    const float *bias = run->bias ? run->bias + block * COLUMNS : NULL;
    for (int row = place.skipped; row < plan->rows; row++) {
        if (column < plan->output_width)
            store_cell(
                run, sums + row * 16, bias, target + ((size_t)line * plan->output_width + column) * 2 * outputs);
        if (++column == plan->run_line) column = 0, line++;
    }
}

// The lines of the frame that a tap in time meets, or the frame of zeros.
INLINE_KERNEL const char *frame_of_tap(const run *run, const char *lines, const char *zeros, int frame, int tap) {
    const plan *plan = &run->plan;
    const int picture = frame / plan->output_frames, output = frame % plan->output_frames;
    const int input = output * run->shape->stride[0] + tap - run->shape->padding[0];
    if (input < 0 || input >= plan->frames) return zeros;
    return lines + ((size_t)picture * plan->frames + input) * plan->frame_bytes;
}

// Two tiles, or one, by two tiles of columns. What is zero for both is not multiplied.
INLINE_KERNEL void multiply(
    const run *run, const char *lines, const char *zeros, const place *places, bool is_pair, const char *weights,
    float *sums) {
    const plan *plan = &run->plan;
    const size_t step = plan->step_bytes, tap_weights = (size_t)2 * TILE_BYTES * plan->depth_steps;
    _tile_zero(0);
    _tile_zero(1);
    if (is_pair) {
        _tile_zero(2);
        _tile_zero(3);
    }
    for (int t = 0; t < plan->taps[0]; t++) {
        const char *first = frame_of_tap(run, lines, zeros, places[0].frame, t);
        const char *second = is_pair ? frame_of_tap(run, lines, zeros, places[1].frame, t) : zeros;
        if (first == zeros && second == zeros) {
            weights += tap_weights * plan->taps[1] * plan->taps[2];
            continue;
        }
        first += places[0].offset;
        second += places[is_pair].offset;
        for (int y = 0; y < plan->taps[1]; y++)
            for (int x = 0; x < plan->taps[2]; x++) {
                const size_t at = line_of_tap(plan, y) + x * plan->column_bytes;
                for (int i = 0; i < plan->depth_steps; i++, weights += 2 * TILE_BYTES) {
                    _tile_loadd(4, first + at + i * 2 * DEPTH, step);
                    _tile_loadd(6, weights, 64);
                    _tile_dpbf16ps(0, 4, 6);
                    _tile_loadd(7, weights + TILE_BYTES, 64);
                    _tile_dpbf16ps(1, 4, 7);
                    if (is_pair) {
                        _tile_loadd(5, second + at + i * 2 * DEPTH, step);
                        _tile_dpbf16ps(2, 5, 6);
                        _tile_dpbf16ps(3, 5, 7);
                    }
                }
            }
    }
    _tile_stored(0, sums, 64);
    _tile_stored(1, sums + TILE_BYTES / 4, 64);
    if (is_pair) {
        _tile_stored(2, sums + 2 * TILE_BYTES / 4, 64);
        _tile_stored(3, sums + 3 * TILE_BYTES / 4, 64);
    }
}

// One of several threads' part of a group of pictures: blocks of columns from end to end, so that each thread reads few of
// the weights, and for each the pairs of tiles. Pairs do not reach from picture to picture: what meets what is the same for
// every batch.
KERNEL static void multiply_group(
    const run *run, const char *lines, const char *zeros, int first_picture, int pictures, int thread, int threads) {
    const plan *plan = &run->plan;
    const int tiles = plan->output_frames * plan->frame_tiles, pairs = (tiles + 1) / 2;
    const int rounds = pairs * pictures, all = rounds * plan->column_blocks;
    float sums[4 * TILE_BYTES / 4] __attribute__((aligned(64)));
    for (int i = part_of(all, thread, threads); i < part_of(all, thread + 1, threads); i++) {
        const int block = i / rounds, picture = i % rounds / pairs, pair = i % rounds % pairs;
        const bool is_pair = 2 * pair + 1 < tiles;
        const int tile = picture * tiles + 2 * pair;
        const place places[2] = {place_of(plan, tile), place_of(plan, tile + is_pair)};
        const char *weights = run->prepared + plan->block_weights * block;
        if (is_pair) multiply(run, lines, zeros, places, true, weights, sums);
        else multiply(run, lines, zeros, places, false, weights, sums);
        store_tile(run, first_picture, places[0], block, sums);
        if (is_pair) store_tile(run, first_picture, places[1], block, sums + 2 * TILE_BYTES / 4);
    }
}

KERNEL static void run_part(const run *run, int thread, int threads) {
    const plan *plan = &run->plan;
    char *const zeros = run->scratch, *const copied = run->scratch + plan->frame_bytes;
    if (thread == 0) memset(zeros, 0, plan->frame_bytes);
    mixtape_tiles_configure(plan->rows);
    for (int first = 0; first < plan->pictures; first += plan->group) {
        const int pictures = smaller(plan->group, plan->pictures - first);
        const int frames = pictures * plan->frames;
        const char *lines = copied;
        if (plan->is_direct) lines = (const char *)run->source + (size_t)first * plan->frames * plan->frame_bytes;
        else
            mixtape_tiles_copy_lines(
                run->shape, plan, run->source, first, part_of(frames, thread, threads),
                part_of(frames, thread + 1, threads), copied);
        if (threads > 1) GOMP_barrier();
        multiply_group(run, lines, zeros, first, pictures, thread, threads);
        if (threads > 1) GOMP_barrier();
    }
    _tile_release();
}

static void run_together(void *data) {
    run_part(data, omp_get_thread_num(), omp_get_num_threads());
}

void mixtape_tiles_run(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *prepared, const float *bias,
    uint16_t *destination, bool adds_to_destination, bool relu, void *scratch, int threads) {
    run run = {
        .shape = shape, .plan = mixtape_tiles_plan(shape), .source = source, .prepared = (const char *)prepared, .bias = bias,
        .destination = (char *)destination, .adds_to_destination = adds_to_destination, .relu = relu,
        .scratch = scratch};
    if (threads > 1) GOMP_parallel(run_together, &run, (unsigned)threads, 0);
    else run_part(&run, 0, 1);
}

#else

void mixtape_tiles_run(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *prepared, const float *bias,
    uint16_t *destination, bool adds_to_destination, bool relu, void *scratch, int threads) {}

#endif
