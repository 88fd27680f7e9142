#ifndef MIXTAPE_CWINOGRAD_WINOGRAD_H
#define MIXTAPE_CWINOGRAD_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

// Convolutions of 3 × 3 taps in height and width, and 1 or 3 in time, by Winograd's minimal filtering F(4×4, 3×3): a
// tile of 4 × 4 outputs takes 36 products a channel in place of 144 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016, section 4.3); along time, where clips are large, F(2, 3) beside it. oneDNN has
// this for AVX-512 and pictures alone.
//
// Strides in height and width are 1 or 2, and one line of zeros lies around each picture: the output is as large as the input,
// or half as large, rounded up. A stride of 2 is taken for what it is, two filters beside each other along an edge: one of
// two taps, F(4, 2), on every other input, and one of a single tap on those between; a tile takes 81 products in place of 144.
// Arrays are those of oneDNN's nCdhw8c: blocks of 8 channels, which are a register of AVX2.
//
// What a value of the output is depends on its own clip and the weights alone, to the bit: not on the batch, nor on the
// number of threads.

/// A convolution and what it is applied to.
typedef struct {
    int batch;
    int input_channels;   // a multiple of 8, as those of the output
    int output_channels;
    int time_taps;        // 1 or 3
    int frames;
    int height;           // of the input
    int width;
    int stride;           // in height and width; along time it is 1
} mixtape_winograd;

/// Whether this program holds the code for the machine that it was built for, and has a form for that convolution. The
/// caller makes sure that the processor has AVX2 and FMA.
bool mixtape_winograd_is_supported(const mixtape_winograd *shape);

/// Floats of prepared weights.
size_t mixtape_winograd_weight_count(const mixtape_winograd *shape);

/// Writes the weights as `mixtape_winograd_run` reads them. They are the same for every batch, and for all frames, heights
/// and widths whose count of them is.
///
/// - weights: (out,in,t,3,3) row-major. With `backward` those of the convolution whose gradient by its input is wanted, of
///   (in,out,t,3,3): the shape is that of the gradients' convolution, whose input is the gradient by the output; strides
///   are 1.
void mixtape_winograd_prepare(
    const mixtape_winograd *shape, const float *weights, bool backward, float *prepared, int threads);

/// Bytes that a run needs beside its arrays.
size_t mixtape_winograd_scratch_size(const mixtape_winograd *shape, int threads);

/// destination = [max(0, ·)](weights ∗ source + bias [+ destination]).
///
/// - bias: may be NULL.
/// - scratch: mixtape_winograd_scratch_size bytes.
/// - threads: of libgomp's pool, which are oneDNN's too; more than one wait for each other.
void mixtape_winograd_run(
    const mixtape_winograd *shape, const float *source, const float *prepared, const float *bias,
    float *destination, bool adds_to_destination, bool relu, void *scratch, int threads);

/// Bytes that mixtape_winograd_add_weight_gradient needs beside its arrays.
size_t mixtape_winograd_gradient_scratch_size(const mixtape_winograd *shape);

/// Adds the gradient by the weights to `weights`, (out,in,t,3,3) row-major, from the convolution's input and the gradient
/// by its output. Strides are 1.
void mixtape_winograd_add_weight_gradient(
    const mixtape_winograd *shape, const float *source, const float *gradient, float *weights, void *scratch,
    int threads);

#endif
