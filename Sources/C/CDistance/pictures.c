#include "pictures.h"

#include <math.h>
#include <string.h>

// The same bits from every instruction set.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
#define SIDE MIXTAPE_SIDE

typedef float vec __attribute__((vector_size(4 * SIDE)));
typedef float vec_unaligned __attribute__((vector_size(4 * SIDE), aligned(4)));

#define LOAD(p) (*(const vec_unaligned *)(p))

void mixtape_make_axis(double scale, double shift, int mirrored, mixtape_axis *axis) {
    memset(axis, 0, sizeof *axis);
    const int samples = scale > 1 ? 4 : 1;
    for (int cell = 0; cell < SIDE; cell++) {
        const double own = (cell + 0.5) / SIDE * 2 - 1;
        const double middle = mirrored ? -own : own;
        if (!(fabs(scale * middle + shift) <= 1)) continue;
        axis->inside[cell] = 1;
        for (int sample = 0; sample < samples; sample++) {
            const double step = samples == 1 ? 0 : -0.375 + 0.25 * sample;
            double place = (scale * (middle + 2 * step / SIDE) + shift + 1) / 2 * SIDE - 0.5;
            place = place < 0 ? 0 : place > SIDE - 1 ? SIDE - 1 : place;
            const int low = place < SIDE - 2 ? (int)place : SIDE - 2;
            const float share = (float)(place - low);
            axis->weights[SIDE * low + cell] += (1 - share) / (float)samples;
            axis->weights[SIDE * (low + 1) + cell] += share / (float)samples;
        }
    }
}

void mixtape_soften_axis(
    double scale, double shift, int mirrored, const mixtape_axis *axis, mixtape_axis *softened) {
    memset(softened, 0, sizeof *softened);
    memcpy(softened->inside, axis->inside, sizeof axis->inside);
    for (int cell = 0; cell < SIDE; cell++) {
        // What the target's cell covers of the query, in cells of that.
        const double from = ((2.0 * cell / SIDE - 1 - shift) / scale + 1) / 2 * SIDE;
        const double to = ((2.0 * (cell + 1) / SIDE - 1 - shift) / scale + 1) / 2 * SIDE;
        const double first = mirrored ? SIDE - to : from, last = mirrored ? SIDE - from : to;
        const double inside = fmin(last, SIDE) - fmax(first, 0);
        for (int own = 0; own < SIDE; own++) {
            const double overlap = fmin(last, own + 1) - fmax(first, own);
            float share = overlap > 0 ? (float)(overlap / inside) : 0;
            // Beyond an edge lies what lies at the edge.
            if (!(inside > 1e-9)) share = own == (first < SIDE / 2 ? 0 : SIDE - 1);
            if (share == 0) continue;
            for (int c = 0; c < SIDE; c++) {
                softened->weights[SIDE * own + c] += share * axis->weights[SIDE * cell + c];
            }
        }
    }
}

INLINE float sum(const vec *values) {
    vec v = *values;
    v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    return (v[0] + v[1]) + (v[2] + v[3]);
}

/// Rows of a warp, in the order in which they are used.
typedef struct {
    const mixtape_axis *across, *down;
    vec inside;
    float cells;
    /// The target's cells [first, last) alone have weights.
    int first_column, last_column;
    /// Whether each of the query's cells lies on one of the target's, in order or in reverse.
    enum { MIXED, IN_ORDER, REVERSED } columns;
    int first_row[SIDE], last_row[SIDE];
} plan;

INLINE plan make_plan(const mixtape_axis *across, const mixtape_axis *down) {
    plan p = {.across = across, .down = down, .inside = LOAD(across->inside), .last_column = 0};
    p.first_column = SIDE;
    float rows = 0;
    int in_order = 0, reversed = 0;
    for (int cell = 0; cell < SIDE; cell++) {
        in_order += across->weights[SIDE * cell + cell] == 1;
        reversed += across->weights[SIDE * cell + SIDE - 1 - cell] == 1;
        for (int x = 0; x < SIDE; x++) {
            if (across->weights[SIDE * cell + x] == 0) continue;
            if (cell < p.first_column) p.first_column = cell;
            p.last_column = cell + 1;
        }
        p.first_row[cell] = p.last_row[cell] = 0;
        for (int row = SIDE - 1; row >= 0; row--) {
            if (down->weights[SIDE * row + cell] == 0) continue;
            p.first_row[cell] = row;
            if (p.last_row[cell] == 0) p.last_row[cell] = row + 1;
        }
        rows += down->inside[cell];
    }
    // The weights of a cell add up to 1.
    p.columns = in_order == SIDE ? IN_ORDER : reversed == SIDE ? REVERSED : MIXED;
    p.cells = rows * sum(&p.inside);
    return p;
}

/// A line of the target as the query's cells see it.
INLINE vec mix_columns(const plan *p, vec line) {
    if (p->columns == IN_ORDER) return line;
    if (p->columns == REVERSED) {
        return __builtin_shufflevector(line, line, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    }
    vec even = {0}, odd = {0};
    int x = p->first_column;
    for (; x + 1 < p->last_column; x += 2) {
        even += line[x] * LOAD(p->across->weights + SIDE * x);
        odd += line[x + 1] * LOAD(p->across->weights + SIDE * (x + 1));
    }
    if (x < p->last_column) even += line[x] * LOAD(p->across->weights + SIDE * x);
    return even + odd;
}

/// Leaves both pictures of a pair, each less its mean over the common cells, and 0 elsewhere.
INLINE void centre(
    const plan *p, const float *query, const float *target, float share, vec own[SIDE], vec other[SIDE]) {
    vec lines[SIDE];
    for (int y = 0; y < SIDE; y++) {
        lines[y] = LOAD(target + SIDE * y);
        if (share != 0) lines[y] += share * (LOAD(target + SIDE * (SIDE + y)) - lines[y]);
    }
    vec own_sum = {0}, other_sum = {0};
    for (int y = 0; y < SIDE; y++) {
        if (p->down->inside[y] == 0) continue;
        vec mixed = {0};
        for (int row = p->first_row[y]; row < p->last_row[y]; row++) {
            mixed += p->down->weights[SIDE * row + y] * lines[row];
        }
        other[y] = mix_columns(p, mixed);
        own[y] = LOAD(query + SIDE * y);
        own_sum += own[y];
        other_sum += other[y];
    }
    own_sum *= p->inside;
    other_sum *= p->inside;
    const float own_mean = sum(&own_sum) / p->cells, other_mean = sum(&other_sum) / p->cells;
    for (int y = 0; y < SIDE; y++) {
        if (p->down->inside[y] == 0) {
            own[y] = other[y] = (vec){0};
            continue;
        }
        own[y] = (own[y] - own_mean) * p->inside;
        other[y] = (other[y] - other_mean) * p->inside;
    }
}

INLINE void compare(
    const float *query, const float *target, const int32_t *chosen, const int32_t *found, const float *shares,
    size_t count, const mixtape_axis *across, const mixtape_axis *down, mixtape_picture_sums *sums) {
    const plan p = make_plan(across, down);
    vec own_energy = {0}, other_energy = {0}, product = {0};
    vec own_still[SIDE] = {{0}}, other_still[SIDE] = {{0}};
    for (size_t i = 0; i < count; i++) {
        vec own[SIDE], other[SIDE];
        centre(
            &p, query + SIDE * SIDE * (size_t)chosen[i], target + SIDE * SIDE * (size_t)found[i], shares[i], own,
            other);
        for (int y = 0; y < SIDE; y++) {
            own_energy += own[y] * own[y];
            other_energy += other[y] * other[y];
            product += own[y] * other[y];
            own_still[y] += own[y];
            other_still[y] += other[y];
        }
    }
    vec aa = {0}, bb = {0}, ab = {0};
    for (int y = 0; y < SIDE; y++) {
        aa += own_still[y] * own_still[y];
        bb += other_still[y] * other_still[y];
        ab += own_still[y] * other_still[y];
    }
    *sums = (mixtape_picture_sums){
        .own = sum(&own_energy),
        .other = sum(&other_energy),
        .product = sum(&product),
        .own_still = sum(&aa),
        .other_still = sum(&bb),
        .still = sum(&ab)};
}

INLINE void compare_steps(
    const float *query, const float *target, const int32_t *chosen, const int32_t *found, const float *shares,
    size_t count, const mixtape_axis *across, const mixtape_axis *down, float *steps) {
    const plan p = make_plan(across, down);
    vec pictures[2][2][SIDE];
    for (size_t i = 0; i < count; i++) {
        vec *own = pictures[i % 2][0], *other = pictures[i % 2][1];
        centre(
            &p, query + SIDE * SIDE * (size_t)chosen[i], target + SIDE * SIDE * (size_t)found[i], shares[i], own,
            other);
        if (i == 0) continue;
        const vec *own_last = pictures[1 - i % 2][0], *other_last = pictures[1 - i % 2][1];
        vec aa = {0}, bb = {0}, ab = {0};
        for (int y = 0; y < SIDE; y++) {
            const vec a = own[y] - own_last[y], b = other[y] - other_last[y];
            aa += a * a;
            bb += b * b;
            ab += a * b;
        }
        steps[3 * (i - 1)] = sum(&aa);
        steps[3 * (i - 1) + 1] = sum(&bb);
        steps[3 * (i - 1) + 2] = sum(&ab);
    }
}

#define PARAMETERS                                                                                          \
    const float *query, const float *target, const int32_t *chosen, const int32_t *found, const float *shares, \
        size_t count, const mixtape_axis *across, const mixtape_axis *down
#define ARGUMENTS query, target, chosen, found, shares, count, across, down

#define VARIANT(name, attribute)                                                          \
    attribute static void compare_##name(PARAMETERS, mixtape_picture_sums *sums) {        \
        compare(ARGUMENTS, sums);                                                         \
    }                                                                                     \
    attribute static void steps_##name(PARAMETERS, float *steps) { compare_steps(ARGUMENTS, steps); }

VARIANT(portable, )
#if defined(__x86_64__)
VARIANT(avx2, __attribute__((target("avx2"))))
VARIANT(avx512, __attribute__((target("avx512f,avx512dq"))))
#endif

void mixtape_compare_pictures(mixtape_variant variant, PARAMETERS, mixtape_picture_sums *sums) {
#if defined(__x86_64__)
    if (variant == MIXTAPE_AVX512) return compare_avx512(ARGUMENTS, sums);
    if (variant == MIXTAPE_AVX2) return compare_avx2(ARGUMENTS, sums);
#endif
    (void)variant;
    compare_portable(ARGUMENTS, sums);
}

void mixtape_compare_steps(mixtape_variant variant, PARAMETERS, float *steps) {
#if defined(__x86_64__)
    if (variant == MIXTAPE_AVX512) return steps_avx512(ARGUMENTS, steps);
    if (variant == MIXTAPE_AVX2) return steps_avx2(ARGUMENTS, steps);
#endif
    (void)variant;
    steps_portable(ARGUMENTS, steps);
}
