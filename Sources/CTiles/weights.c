#include "plan.h"

#if defined(__x86_64__)

#include <string.h>

// To the nearest, ties to even; a NaN stays one.
static uint16_t rounded(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return (uint16_t)(bits >> 16 | 64);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// In the order in which they are read: by block of columns, tap, depth; then two tiles, whose rows are pairs of channels of the
// input and whose columns are channels of the output.
void mixtape_tiles_prepare(const mixtape_tiles *shape, const float *weights, bool backward, uint16_t *prepared) {
    const plan plan = mixtape_tiles_plan(shape);
    const int inputs = shape->input_channels, outputs = shape->output_channels;
    const int taps = shape->taps[0] * shape->taps[1] * shape->taps[2];
    for (int block = 0; block < plan.column_blocks; block++)
        for (int tap = 0; tap < plan.taps[0] * plan.taps[1] * plan.taps[2]; tap++)
            for (int step = 0; step < plan.depth_steps; step++)
                for (int half = 0; half < 2; half++)
                    for (int row = 0; row < DEPTH / 2; row++)
                        for (int column = 0; column < 16; column++)
                            for (int one = 0; one < 2; one++) {
                                const int depth = 2 * row + one, output = block * COLUMNS + half * 16 + column;
                                const int input = plan.is_planar ? depth / WINDOW : step * DEPTH + depth;
                                const int x = plan.is_planar ? depth % WINDOW : 0;
                                const int at = plan.is_planar ? tap * shape->taps[2] + x : tap;
                                float value = 0;
                                if (input < inputs && (!plan.is_planar || x < shape->taps[2]))
                                    value = backward ? weights[((size_t)input * outputs + output) * taps + taps - 1 - at]
                                                     : weights[((size_t)output * inputs + input) * taps + at];
                                *prepared++ = rounded(value);
                            }
}

#endif
