#include "plan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

static void copy_frame(const mixtape_tiles *shape, const plan *plan, const char *source, char *frame) {
    const size_t inside = plan->cell_bytes * shape->extent[2], zeros = plan->cell_bytes * shape->padding[2];
    char *line = frame;
    // Lines of zeros above, then each line behind its zeros, then those below and the zeros that end the last.
    memset(line, 0, plan->line_bytes * shape->padding[1]);
    line += plan->line_bytes * shape->padding[1];
    for (int y = 0; y < shape->extent[1]; y++) {
        memset(line, 0, zeros);
        memcpy(line + zeros, source + y * inside, inside);
        line += plan->line_bytes;
    }
    memset(line, 0, frame + plan->frame_bytes - line);
}

// The cells that each column of taps meets, and lines of zeros.
static void copy_planes(const mixtape_tiles *shape, const plan *plan, const char *source, char *frame) {
    const size_t source_line = plan->cell_bytes * shape->extent[2];
    for (int column = 0; column < plan->taps[2]; column++)
        for (int line = 0; line < plan->lines * plan->line_planes; line++) {
            const int y = line - shape->padding[1];
            char *cell = frame + column * plan->column_bytes + line_of_tap(plan, line);
            for (int i = 0; i < plan->line_cells; i++, cell += plan->cell_bytes) {
                const int x = i * shape->stride[2] + column - shape->padding[2];
                if (y < 0 || x < 0 || y >= shape->extent[1] || x >= shape->extent[2]) memset(cell, 0, plan->cell_bytes);
                else memcpy(cell, source + y * source_line + x * plan->cell_bytes, plan->cell_bytes);
            }
        }
}

// A cell is a register: WINDOW values of each of up to four channels. Values of the window behind the taps are multiplied by
// weights of zero; they are the picture's or zeros, so finite where the picture is.
__attribute__((target("avx512f"))) static void copy_windows(
    const mixtape_tiles *shape, const plan *plan, const uint16_t *source, size_t channel_step, char *frame) {
    const int width = shape->extent[2], padding = shape->padding[2], channels = shape->input_channels;
    uint16_t padded[4][LONGEST_LINE + 2 * WINDOW];
    memset(padded, 0, sizeof padded);
    for (int line = 0; line < plan->lines * plan->line_planes; line++) {
        const int y = line - shape->padding[1];
        char *cell = frame + line_of_tap(plan, line);
        if (y < 0 || y >= shape->extent[1]) {
            memset(cell, 0, plan->line_bytes);
            continue;
        }
        for (int c = 0; c < channels; c++)
            memcpy(padded[c] + padding, source + c * channel_step + (size_t)y * width, 2 * (size_t)width);
        for (int i = 0; i < plan->line_cells; i++, cell += plan->cell_bytes) {
            const int x = i * shape->stride[2];
            for (int c = 0; c < 4; c++)
                _mm_store_si128((__m128i *)cell + c, _mm_loadu_si128((const __m128i *)(padded[c] + x)));
        }
    }
}

void mixtape_tiles_copy_lines(
    const mixtape_tiles *shape, const plan *plan, const uint16_t *source, int first_picture, int from, int to,
    char *lines) {
    const size_t cells = (size_t)shape->extent[1] * shape->extent[2];
    for (int i = from; i < to; i++) {
        const int frame = first_picture * plan->frames + i;  // of all
        char *target = lines + plan->frame_bytes * i;
        if (!plan->is_planar) {
            const char *there = (const char *)source + frame * cells * plan->cell_bytes;
            if (plan->is_dense) copy_planes(shape, plan, there, target);
            else copy_frame(shape, plan, there, target);
        } else {
            const size_t frames = shape->extent[0];
            const size_t clip = frame / frames * frames * cells * shape->input_channels;
            copy_windows(shape, plan, source + clip + frame % frames * cells, frames * cells, target);
        }
    }
}

#endif
