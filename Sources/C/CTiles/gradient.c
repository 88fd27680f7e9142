#include "plan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

// The gradient by a weight is a sum over all cells of the output: of the gradient there, times the input that the weight's tap
// met. So cells are what is summed over, and lie side by side: the gradient turned, a line of cells for each channel; the input
// in pairs of cells, channel by channel. Lines of both are equally long, with room for what taps reach beyond; there the
// gradient is zero. A tap is an address then; an odd one moves the gradient's cells by one. What strides skip lies in other
// planes: one for each remainder of line and column.
typedef struct {
    plan run;               // what it shares with the convolution: pictures, frames, windows of a planar source
    int taps, row_taps;     // that are addresses: in all, and along a line
    int row_stride;
    int planes_down, planes_across;
    int lines, line_cells;  // of a plane
    int cells;              // of a frame that are summed over, in whole tiles, and one more than there are
    int depth;              // channels of the input, or of a window
    size_t cell_bytes, plane_bytes, input_bytes;  // of a frame's planes
    size_t row_bytes, gradient_bytes;             // of a channel's cells, and of a frame's channels
    int group;              // pictures at once
    int blocks_down, blocks_across;               // of the weights, in blocks of COLUMNS × COLUMNS
    size_t sum_floats;
} gradient_plan;

static gradient_plan make_plan(const mixtape_tiles *shape) {
    gradient_plan plan = {.run = mixtape_tiles_plan(shape)};
    const struct plan *run = &plan.run;
    plan.row_taps = run->taps[2];
    plan.row_stride = run->is_planar ? 1 : shape->stride[2];
    plan.taps = run->taps[0] * run->taps[1] * run->taps[2];
    plan.planes_down = smaller(shape->stride[1], run->taps[1]);
    plan.planes_across = smaller(plan.row_stride, run->taps[2]);
    const int down = (run->taps[1] - 1) / shape->stride[1], across = (run->taps[2] - 1) / plan.row_stride;
    plan.line_cells = run->output_width + across;
    plan.lines = run->output_height + down;
    const int used = (run->output_height - 1) * plan.line_cells + run->output_width;
    plan.cells = (int)round_up(used + 1, DEPTH);
    plan.depth = run->is_planar ? DEPTH : shape->input_channels;
    plan.cell_bytes = 2 * (size_t)plan.depth;
    // To the end of what the last tap reads.
    const int reached = down * plan.line_cells + across + plan.cells, held = plan.lines * plan.line_cells;
    plan.plane_bytes = round_up(reached > held ? reached : held, 2) * plan.cell_bytes;
    plan.input_bytes = plan.plane_bytes * plan.planes_down * plan.planes_across;
    // A tile's width of zeros before each channel's cells.
    plan.row_bytes = 2 * (size_t)(plan.cells + DEPTH);
    plan.gradient_bytes = plan.row_bytes * shape->output_channels;
    const size_t picture_bytes = plan.input_bytes * run->frames + plan.gradient_bytes * run->output_frames;
    const size_t room = (size_t)2 << 20;
    plan.group = (int)(room / picture_bytes);
    plan.group = plan.group < 1 ? 1 : smaller(plan.group, run->pictures);
    plan.blocks_down = shape->output_channels / COLUMNS;
    plan.blocks_across = plan.depth / COLUMNS;
    plan.sum_floats = (size_t)plan.blocks_down * plan.blocks_across * plan.taps * COLUMNS * COLUMNS;
    return plan;
}

typedef struct {
    const mixtape_tiles *shape;
    gradient_plan plan;
    const uint16_t *source, *gradient;
    float *weights, *sums;
    char *windows, *inputs, *gradients;
} job;

// Windows of a planar source for all frames of a group; ends of rows that are written eight cells at a time.
static size_t window_bytes(const gradient_plan *plan) {
    return plan->run.is_planar ? round_up(plan->run.frame_bytes * plan->run.frames * plan->group, 64) : 0;
}
static size_t inputs_bytes(const gradient_plan *plan) { return plan->input_bytes * plan->run.frames * plan->group; }
static size_t gradients_bytes(const gradient_plan *plan) {
    return round_up(plan->gradient_bytes * plan->run.output_frames * plan->group + 64, 64);
}

size_t mixtape_tiles_gradient_scratch_size(const mixtape_tiles *shape) {
    const gradient_plan plan = make_plan(shape);
    return 4 * plan.sum_floats + window_bytes(&plan) + inputs_bytes(&plan) + gradients_bytes(&plan);
}

// A cell's two neighbours in a pair: channel by channel, the first's and the second's.
INLINE_KERNEL void store_pair(const uint16_t *first, const uint16_t *second, int channels, char *target) {
    static const uint16_t order[64] = {
        0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47,
        16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const __m512i low = _mm512_loadu_si512(order), high = _mm512_loadu_si512(order + 32);
    for (int c = 0; c < channels; c += DEPTH, target += 4 * DEPTH) {
        const __m512i a = _mm512_loadu_si512(first + c), b = _mm512_loadu_si512(second + c);
        _mm512_storeu_si512(target, _mm512_permutex2var_epi16(a, low, b));
        _mm512_storeu_si512(target + 64, _mm512_permutex2var_epi16(a, high, b));
    }
}

// A cell of a plane in the source, or zeros outside of it.
INLINE_KERNEL const uint16_t *cell_of(
    const job *job, const char *frame, const uint16_t *zeros, int down, int across, int cell) {
    const gradient_plan *plan = &job->plan;
    const mixtape_tiles *shape = job->shape;
    const int line = cell / plan->line_cells, column = cell % plan->line_cells;
    int y = line * shape->stride[1] + down, x = column * plan->row_stride + across;
    if (line >= plan->lines) return zeros;
    if (plan->run.is_planar) {  // windows have the zeros of their lines
        return (const uint16_t *)(frame + line_of_tap(&plan->run, y) + x * plan->cell_bytes);
    }
    y -= shape->padding[1];
    x -= shape->padding[2];
    if (y < 0 || x < 0 || y >= shape->extent[1] || x >= shape->extent[2]) return zeros;
    return (const uint16_t *)(frame + ((size_t)y * shape->extent[2] + x) * plan->cell_bytes);
}

// Frame `index` of a group's input, in pairs of cells.
KERNEL static void pair_input(const job *job, int first_picture, int index) {
    const gradient_plan *plan = &job->plan;
    const mixtape_tiles *shape = job->shape;
    static const uint16_t zeros[MOST_CHANNELS] = {0};
    const char *frame;
    if (plan->run.is_planar) {
        mixtape_tiles_copy_lines(shape, &plan->run, job->source, first_picture, index, index + 1, job->windows);
        frame = job->windows + plan->run.frame_bytes * index;
    } else {
        const size_t frame_bytes = plan->cell_bytes * shape->extent[1] * shape->extent[2];
        frame = (const char *)job->source + ((size_t)first_picture * plan->run.frames + index) * frame_bytes;
    }
    char *target = job->inputs + plan->input_bytes * index;
    const int pairs = (int)(plan->plane_bytes / (2 * plan->cell_bytes));
    for (int down = 0; down < plan->planes_down; down++)
        for (int across = 0; across < plan->planes_across; across++)
            for (int pair = 0; pair < pairs; pair++, target += 2 * plan->cell_bytes)
                store_pair(
                    cell_of(job, frame, zeros, down, across, 2 * pair),
                    cell_of(job, frame, zeros, down, across, 2 * pair + 1), plan->depth, target);
}

// Eight channels of up to eight cells become eight cells of eight channels; what is missing is zero.
INLINE_KERNEL void turn(const uint16_t *source, size_t channels, int cells, char *target, size_t row_bytes) {
    __m128i a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = i < cells ? _mm_loadu_si128((const __m128i *)(source + i * channels)) : _mm_setzero_si128();
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm_unpacklo_epi16(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm_unpackhi_epi16(a[2 * i], a[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            a[4 * i + 2 * j] = _mm_unpacklo_epi32(b[4 * i + j], b[4 * i + j + 2]);
            a[4 * i + 2 * j + 1] = _mm_unpackhi_epi32(b[4 * i + j], b[4 * i + j + 2]);
        }
    for (int i = 0; i < 4; i++) {
        _mm_storeu_si128((__m128i *)(target + 2 * i * row_bytes), _mm_unpacklo_epi64(a[i], a[i + 4]));
        _mm_storeu_si128((__m128i *)(target + (2 * i + 1) * row_bytes), _mm_unpackhi_epi64(a[i], a[i + 4]));
    }
}

// Frame `index` of a group's gradient, a line of cells for each channel.
KERNEL static void turn_gradient(const job *job, int first_picture, int index) {
    const gradient_plan *plan = &job->plan;
    const int channels = job->shape->output_channels, width = plan->run.output_width, height = plan->run.output_height;
    const size_t frame = (size_t)first_picture * plan->run.output_frames + index;
    const uint16_t *source = job->gradient + frame * height * width * channels;
    char *const target = job->gradients + plan->gradient_bytes * index;
    memset(target, 0, plan->gradient_bytes);
    for (int c = 0; c < channels; c += 8)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x += 8)
                turn(
                    source + ((size_t)y * width + x) * channels + c, channels, smaller(8, width - x),
                    target + c * plan->row_bytes + 2 * (size_t)(DEPTH + y * plan->line_cells + x), plan->row_bytes);
}

// COLUMNS × COLUMNS sums of one tap, over the cells of all frames of a group.
KERNEL static void sum_tap(const job *job, int pictures, int down, int across, int tap, bool continues, float *sums) {
    const gradient_plan *plan = &job->plan;
    const mixtape_tiles *shape = job->shape;
    const int t = tap / plan->row_taps / plan->run.taps[1], y = tap / plan->row_taps % plan->run.taps[1];
    const int x = tap % plan->row_taps;
    const int plane = y % shape->stride[1] * plan->planes_across + x % plan->row_stride;
    const int offset = y / shape->stride[1] * plan->line_cells + x / plan->row_stride;
    const size_t second_rows = 16 * plan->row_bytes, pair_bytes = 2 * plan->cell_bytes;
    char *const tiles = (char *)sums;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (continues) {
        _tile_loadd(0, tiles, 64);
        _tile_loadd(1, tiles + TILE_BYTES, 64);
        _tile_loadd(2, tiles + 2 * TILE_BYTES, 64);
        _tile_loadd(3, tiles + 3 * TILE_BYTES, 64);
    }
    for (int i = 0; i < pictures * plan->run.output_frames; i++) {
        const int picture = i / plan->run.output_frames;
        const int frame = i % plan->run.output_frames * shape->stride[0] + t - shape->padding[0];
        if (frame < 0 || frame >= plan->run.frames) continue;
        const char *gradient = job->gradients + plan->gradient_bytes * i + plan->row_bytes * COLUMNS * down
            + 2 * (DEPTH - offset % 2);
        const char *input = job->inputs + plan->input_bytes * ((size_t)picture * plan->run.frames + frame)
            + plan->plane_bytes * plane + offset / 2 * pair_bytes + (size_t)across * 4 * COLUMNS;
        for (int cell = 0; cell < plan->cells; cell += DEPTH) {
            _tile_loadd(4, gradient, plan->row_bytes);
            _tile_loadd(6, input, pair_bytes);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, input + 64, pair_bytes);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, gradient + second_rows, plan->row_bytes);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
            gradient += 2 * DEPTH;
            input += DEPTH / 2 * pair_bytes;
        }
    }
    _tile_stored(0, tiles, 64);
    _tile_stored(1, tiles + TILE_BYTES, 64);
    _tile_stored(2, tiles + 2 * TILE_BYTES, 64);
    _tile_stored(3, tiles + 3 * TILE_BYTES, 64);
}

// Adds a tap's sums where the weights lie.
static void collect(const job *job, int down, int across, int tap, const float *sums) {
    const gradient_plan *plan = &job->plan;
    const mixtape_tiles *shape = job->shape;
    const int taps = shape->taps[0] * shape->taps[1] * shape->taps[2];
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            const int output = down * COLUMNS + i;
            int input = across * COLUMNS + j, at = tap;
            if (plan->run.is_planar) {
                at = tap * shape->taps[2] + j % WINDOW;
                input = j / WINDOW;
                if (input >= shape->input_channels || j % WINDOW >= shape->taps[2]) continue;
            }
            const float sum = sums[(i / 16 * 2 + j / 16) * 256 + i % 16 * 16 + j % 16];
            job->weights[((size_t)output * shape->input_channels + input) * taps + at] += sum;
        }
}

KERNEL static void run_part(const job *job, int thread, int threads) {
    const gradient_plan *plan = &job->plan;
    const int items = plan->blocks_down * plan->blocks_across * plan->taps;
    const int first_item = part_of(items, thread, threads), end_item = part_of(items, thread + 1, threads);
    mixtape_tiles_configure(ROWS);
    for (int first = 0; first < plan->run.pictures; first += plan->group) {
        const int pictures = smaller(plan->group, plan->run.pictures - first);
        const int inputs = pictures * plan->run.frames, gradients = pictures * plan->run.output_frames;
        for (int i = part_of(inputs, thread, threads); i < part_of(inputs, thread + 1, threads); i++)
            pair_input(job, first, i);
        for (int i = part_of(gradients, thread, threads); i < part_of(gradients, thread + 1, threads); i++)
            turn_gradient(job, first, i);
        if (threads > 1) GOMP_barrier();
        for (int item = first_item; item < end_item; item++) {
            const int block = item / plan->taps;
            sum_tap(
                job, pictures, block / plan->blocks_across, block % plan->blocks_across, item % plan->taps,
                first > 0, job->sums + (size_t)item * COLUMNS * COLUMNS);
        }
        if (threads > 1) GOMP_barrier();
    }
    _tile_release();
    for (int item = first_item; item < end_item; item++) {
        const int block = item / plan->taps;
        collect(
            job, block / plan->blocks_across, block % plan->blocks_across, item % plan->taps,
            job->sums + (size_t)item * COLUMNS * COLUMNS);
    }
}

static void run_together(void *data) {
    run_part(data, omp_get_thread_num(), omp_get_num_threads());
}

void mixtape_tiles_add_weight_gradient(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *gradient, float *weights, void *scratch,
    int threads) {
    job job = {
        .shape = shape, .plan = make_plan(shape), .source = source, .gradient = gradient, .weights = weights};
    job.sums = scratch;
    job.windows = (char *)(job.sums + job.plan.sum_floats);
    job.inputs = job.windows + window_bytes(&job.plan);
    job.gradients = job.inputs + inputs_bytes(&job.plan);
    if (threads > 1) GOMP_parallel(run_together, &job, (unsigned)threads, 0);
    else run_part(&job, 0, 1);
}

#else

size_t mixtape_tiles_gradient_scratch_size(const mixtape_tiles *shape) { return 0; }
void mixtape_tiles_add_weight_gradient(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *gradient, float *weights, void *scratch,
    int threads) {}

#endif
