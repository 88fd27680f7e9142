#ifndef MIXTAPE_CTILES_TILES_H
#define MIXTAPE_CTILES_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Convolutions in bfloat16 on AMX, whose registers are tiles of 16 rows of 64 bytes: a product multiplies 16 cells × 32
// channels of the input with 32 × 16 channels of weights and adds to 16 × 16 sums in float32 (Intel 64 and IA-32
// Architectures Software Developer's Manual, TDPBF16PS). Cells that follow each other at one distance are a tile's rows, so
// a tap of the filter is an address: nothing is unrolled. oneDNN 2.x has kernels for AMX that fill a tile with the cells of
// one line only, and lines of 7 and 4 leave most of it empty; for the three channels of a network's input it has none
// that is worth it.
//
// Arrays are channels-last, (batch, frame, line, column, channel); a source of up to 4 channels is planar, (batch, channel,
// frame, line, column).
//
// What a value of the output is depends on its own clip and the weights alone, to the bit: not on the batch, nor on the
// number of threads.

/// A convolution and what it is applied to; triples are time, height, width.
typedef struct {
    int batch;
    int input_channels;
    int output_channels;
    int extent[3];   // of the input
    int taps[3];     // odd
    int stride[3];
    int padding[3];  // of zeros on either side: taps / 2
} mixtape_tiles;

/// Asks the system for the tiles' registers, once; whether this process may use them.
bool mixtape_tiles_are_available(void);

/// Whether there is code for that convolution, in a program for this kind of machine.
bool mixtape_tiles_support(const mixtape_tiles *shape);

/// Whether its source is planar: its channels fill no tile.
bool mixtape_tiles_read_planar(const mixtape_tiles *shape);

/// Bytes of prepared weights.
size_t mixtape_tiles_weight_size(const mixtape_tiles *shape);

/// Writes the weights as `mixtape_tiles_run` reads them, the same for every batch and extent.
///
/// - weights: (out,in,t,h,w) row-major. With `backward` those of the convolution whose gradient by its input is wanted, of
///   (in,out,t,h,w): the shape is that of the gradients' convolution, whose input is the gradient by the output; strides
///   are 1.
void mixtape_tiles_prepare(
    const mixtape_tiles *shape, const float *weights, bool backward, uint16_t *prepared, int threads);

/// Bytes that a run needs beside its arrays, on a boundary of 64.
size_t mixtape_tiles_scratch_size(const mixtape_tiles *shape);

/// destination = [max(0, ·)](weights ∗ source + bias [+ destination]); what it is added to is rounded once, with the sum.
///
/// - bias: may be NULL.
/// - scratch: mixtape_tiles_scratch_size bytes.
/// - threads: of libgomp's pool, which are oneDNN's too; more than one wait for each other.
void mixtape_tiles_run(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *prepared, const float *bias,
    uint16_t *destination, bool adds_to_destination, bool relu, void *scratch, int threads);

/// Bytes that mixtape_tiles_add_weight_gradient needs beside its arrays, on a boundary of 64.
size_t mixtape_tiles_gradient_scratch_size(const mixtape_tiles *shape);

/// Adds the gradient by the weights to `weights`, (out,in,t,h,w) row-major, from the convolution's input and the gradient
/// by its output.
void mixtape_tiles_add_weight_gradient(
    const mixtape_tiles *shape, const uint16_t *source, const uint16_t *gradient, float *weights, void *scratch,
    int threads);

#endif
