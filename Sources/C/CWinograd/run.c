#include "winograd.h"

#if defined(__x86_64__)

#include <stdint.h>
#include <string.h>

#include "plan.h"

typedef struct {
    const mixtape_winograd *shape;
    plan plan;
    const float *source, *prepared, *bias;
    float *destination, *scratch;
    bool adds_to_destination, relu;
    bool shares_chunks;
    int threads;  // that were asked for: there may be fewer
} run;

bool mixtape_winograd_is_supported(const mixtape_winograd *shape) {
    return shape->input_channels % LANES == 0 && shape->output_channels % LANES == 0
        && (shape->time_taps == 1 || shape->time_taps == 3) && (shape->stride == 1 || shape->stride == 2);
}

static size_t scratch_floats(const plan *plan) { return plan->products * (plan->input_step + plan->output_step); }

// Whether each thread takes chunks of its own, and waits for nobody, or all share every chunk.
static bool shares_chunks(const plan *plan, int threads) { return plan->chunks < 2 * threads; }

size_t mixtape_winograd_scratch_size(const mixtape_winograd *shape, int threads) {
    const plan plan = make_plan(shape);
    const size_t matrices = scratch_floats(&plan) * (shares_chunks(&plan, threads) ? 1 : threads);
    return sizeof(float) * (matrices + plan.spare * threads);
}

/// One of several threads' part in a chunk; all of them meet in it, twice: what one writes of the next chunk, no other
/// still reads of this one.
static void run_chunk(
    const run *run, int chunk, float *scratch, float *spare, int thread, int threads) {
    const plan *plan = &run->plan;
    const int first = chunk * plan->chunk;
    const int count = plan->tiles - first < plan->chunk ? plan->tiles - first : plan->chunk;
    const int rows = plan->frames * count, channels = run->shape->input_channels;
    const bool strided = run->shape->stride > 1;
    const row_range mine = {first, count, part_of(rows, thread, threads), part_of(rows, thread + 1, threads)};
    float *input = scratch, *output = scratch + plan->products * plan->input_step;

    if (plan->has_zero_frames && thread == 0) {
        const size_t frame = (size_t)count * channels;
        for (int point = 0; point < POINTS; point++) {
            const share share = share_of(point, strided);
            float *matrix = input + share.first * plan->input_step;
            memset(matrix, 0, share.count * frame * sizeof(float));
            memset(matrix + (plan->frames + 1) * share.count * frame, 0, share.count * frame * sizeof(float));
        }
    }
    transform_input(run->shape, plan, run->source, mine, input);
    if (threads > 1) GOMP_barrier();
    const int from = part_of(plan->products, thread, threads), to = part_of(plan->products, thread + 1, threads);
    for (int point = 0; point < POINTS; point++) {
        const share share = share_of(point, strided);
        if (share.first >= from && share.first < to)
            multiply_point(
                run->shape, plan, share.count * count, input + share.first * plan->input_step,
                run->prepared + point * plan->point_weights, spare, output + share.first * plan->output_step);
    }
    if (threads > 1) GOMP_barrier();
    transform_output(
        run->shape, plan, output, mine, run->bias, run->destination, run->adds_to_destination, run->relu);
}

static void run_alone(const run *run) {
    float *spare = run->scratch + scratch_floats(&run->plan);
    for (int chunk = 0; chunk < run->plan.chunks; chunk++) run_chunk(run, chunk, run->scratch, spare, 0, 1);
}

/// What each thread of the pool does.
static void run_together(void *data) {
    const run *run = data;
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const size_t matrices = scratch_floats(&run->plan);
    float *spare = run->scratch + matrices * (run->shares_chunks ? 1 : run->threads) + run->plan.spare * thread;
    if (run->shares_chunks) {
        for (int chunk = 0; chunk < run->plan.chunks; chunk++)
            run_chunk(run, chunk, run->scratch, spare, thread, threads);
    } else {
        for (int chunk = thread; chunk < run->plan.chunks; chunk += threads)
            run_chunk(run, chunk, run->scratch + matrices * thread, spare, 0, 1);
    }
}

void mixtape_winograd_run(
    const mixtape_winograd *shape, const float *source, const float *prepared, const float *bias,
    float *destination, bool adds_to_destination, bool relu, void *scratch, int threads) {
    run run = {
        shape, make_plan(shape), source, prepared, bias, destination, scratch, adds_to_destination, relu,
        .threads = threads};
    run.shares_chunks = shares_chunks(&run.plan, threads);
    if (threads > 1) GOMP_parallel(run_together, &run, (unsigned)threads, 0);
    else run_alone(&run);
}

#else

bool mixtape_winograd_is_supported(const mixtape_winograd *shape) { return false; }
size_t mixtape_winograd_weight_count(const mixtape_winograd *shape) { return 0; }
void mixtape_winograd_prepare(
    const mixtape_winograd *shape, const float *weights, bool backward, float *prepared, int threads) {}
size_t mixtape_winograd_scratch_size(const mixtape_winograd *shape, int threads) { return 0; }
void mixtape_winograd_run(
    const mixtape_winograd *shape, const float *source, const float *prepared, const float *bias,
    float *destination, bool adds_to_destination, bool relu, void *scratch, int threads) {}

#endif
