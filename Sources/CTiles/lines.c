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

// A cell is a register: WINDOW values of each of up to four channels. Values of the window behind the taps are multiplied by
// weights of zero; they are the picture's or zeros, so finite where the picture is.
__attribute__((target("avx512f"))) static void copy_planar_frame(
    const mixtape_tiles *shape, const plan *plan, const uint16_t *source, size_t channel_step, char *frame) {
    const int width = shape->extent[2], padding = shape->padding[2], channels = shape->input_channels;
    uint16_t padded[4][LONGEST_LINE + 2 * WINDOW];
    memset(padded, 0, sizeof padded);
    memset(frame, 0, plan->line_bytes * shape->padding[1]);
    char *cell = frame + plan->line_bytes * shape->padding[1];
    for (int y = 0; y < shape->extent[1]; y++) {
        for (int c = 0; c < channels; c++)
            memcpy(padded[c] + padding, source + c * channel_step + (size_t)y * width, 2 * (size_t)width);
        for (int x = 0; x < plan->output_width; x++, cell += plan->cell_bytes) {
            const int at = x * shape->stride[2];
            for (int c = 0; c < 4; c++)
                _mm_store_si128((__m128i *)cell + c, _mm_loadu_si128((const __m128i *)(padded[c] + at)));
        }
    }
    memset(cell, 0, frame + plan->frame_bytes - cell);
}

void mixtape_tiles_copy_lines(
    const mixtape_tiles *shape, const plan *plan, const uint16_t *source, int first_picture, int from, int to,
    char *lines) {
    const size_t cells = (size_t)shape->extent[1] * shape->extent[2];
    for (int i = from; i < to; i++) {
        const int frame = first_picture * plan->frames + i;  // of all
        char *target = lines + plan->frame_bytes * i;
        if (!plan->is_planar) {
            copy_frame(shape, plan, (const char *)source + frame * cells * plan->cell_bytes, target);
        } else {
            const size_t frames = shape->extent[0];
            const size_t clip = frame / frames * frames * cells * shape->input_channels;
            copy_planar_frame(shape, plan, source + clip + frame % frames * cells, frames * cells, target);
        }
    }
}

#endif
