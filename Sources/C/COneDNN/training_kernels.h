// The passes over memory that training makes between oneDNN's convolutions: batch normalisation with batch
// statistics, fused with ReLU and the residual sum.
//
// oneDNN 2.x has no batch normalisation that also adds a shortcut, reads the input twice for the statistics, and
// needs a workspace for the ReLU. These kernels read each array once a pass, take the ReLU's mask from its output
// (which the next convolution keeps anyway) and add the two gradients that meet at a residual sum on the way.
//
// Sums are float32 over a few cells, then double, an image and a channel at a time, and are combined by the
// caller in a fixed order: the results do not depend on the number of threads.
#ifndef MIXTAPE_TRAINING_KERNELS_H
#define MIXTAPE_TRAINING_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libgomp, whose threads oneDNN uses as well.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);

// One activation (images, blocks, cells, block): oneDNN's nCdhw16c, nCdhw8c, or ncdhw with a block of 1; or, channels-last,
// (images, cells, blocks, block), which is ndhwc where blocks are whole.
// Channels beyond the real ones are zero and stay zero if their coefficients are.
typedef struct {
    int64_t images;
    int64_t blocks;
    int64_t cells;
    int block;
    bool channels_last;
    bool bfloat16;
    int threads;
} mt_blocked_shape;

typedef struct {
    mt_blocked_shape shape;
    const void *x;              // the convolution's output
    const void *gradient;       // of the loss with respect to y
    const void *other_gradient; // a second one to be added, or NULL
    const void *y;              // the ReLU's output, or NULL without ReLU
    const void *addend;         // forward: the shortcut, or NULL
    void *out;
    bool relu;
    const float *a, *b, *c; // coefficients (blocks · block); what they are depends on the kernel
    double *sums;           // (2, images, blocks · block)
} mt_norm_job;

#define MT_CONCAT2(a, b) a##b
#define MT_CONCAT(a, b) MT_CONCAT2(a, b)

#define MT_BLOCK 16
#define MT_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#include "training_kernels.inc"
#undef MT_BLOCK
#undef MT_TARGET

#define MT_BLOCK 8
#define MT_TARGET __attribute__((target("avx2,fma")))
#include "training_kernels.inc"
#undef MT_BLOCK
#undef MT_TARGET

#define MT_BLOCK 1
#define MT_TARGET
#include "training_kernels.inc"
#undef MT_BLOCK
#undef MT_TARGET

static inline void mt_run(mt_norm_job *job, void (*wide)(void *), void (*middle)(void *), void (*plain)(void *)) {
    void (*body)(void *) = job->shape.block == 16 ? wide : job->shape.block == 8 ? middle : plain;
    GOMP_parallel(body, job, (unsigned)job->shape.threads, 0);
}

// sums = (mean, Σ(x − mean)²) of x an image and channel.
static inline void mt_norm_statistics(mt_norm_job *job) {
    mt_run(job, mt_statistics_16, mt_statistics_8, mt_statistics_1);
}

// out = [ReLU](a·x + b [+ addend]).
static inline void mt_norm_apply(mt_norm_job *job) { mt_run(job, mt_apply_16, mt_apply_8, mt_apply_1); }

// With d = (gradient [+ other_gradient])·[y > 0] and a the mean of x: sums = (Σd, Σd·(x − a)) an image and channel.
// Where out is not NULL it becomes d, and may be one of the gradients.
static inline void mt_norm_backward_sums(mt_norm_job *job) {
    mt_run(job, mt_backward_sums_16, mt_backward_sums_8, mt_backward_sums_1);
}

// out = a·d + b·x + c, d as above; out may be one of the gradients.
static inline void mt_norm_backward_apply(mt_norm_job *job) {
    mt_run(job, mt_backward_apply_16, mt_backward_apply_8, mt_backward_apply_1);
}

// out = gradient + other_gradient; out may be one of them.
static inline void mt_add_gradients(mt_norm_job *job) { mt_run(job, mt_add_16, mt_add_8, mt_add_1); }

#endif
