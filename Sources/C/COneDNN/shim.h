// oneDNN for Swift. What differs between oneDNN 2.x and 3.x is in version2.inc and version3.inc, behind functions of
// one shape; the version is that of the headers that the build finds.
//
// Memory descriptors are opaque here, as 3.x made them. All functions return oneDNN's status; what they make is owned
// by the caller.
#ifndef MIXTAPE_CONEDNN_SHIM_H
#define MIXTAPE_CONEDNN_SHIM_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "training_kernels.h"

// libgomp, the threading runtime that Debian's oneDNN is built on; the setting is per calling thread.
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);

// Handles. Swift sees each as an OpaquePointer.
typedef struct mt_memory_desc *mt_memory_desc_t;

#if DNNL_VERSION_MAJOR == 2
#include "version2.inc"
#elif DNNL_VERSION_MAJOR == 3
#include "version3.inc"
#else
#error "Sources/C/COneDNN knows oneDNN 2.x and 3.x; write a version file for this one"
#endif

// --- Memory descriptors ---

static inline size_t mt_memory_desc_size(mt_memory_desc_t desc) { return dnnl_memory_desc_get_size(mt_md(desc)); }

// The same array in whatever layout a primitive likes best.
static inline dnnl_status_t mt_memory_desc_create_any(mt_memory_desc_t *result, mt_memory_desc_t desc) {
    return mt_memory_desc_create(
        result, mt_memory_desc_rank(desc), mt_memory_desc_extents(desc), mt_memory_desc_type(desc),
        dnnl_format_tag_any);
}

// The same memory with its first two of five dimensions swapped.
static inline dnnl_status_t mt_memory_desc_create_swapped(mt_memory_desc_t *result, mt_memory_desc_t desc) {
    static const int permutation[5] = {1, 0, 2, 3, 4};
    *result = NULL;
    if (mt_memory_desc_rank(desc) != 5) return dnnl_invalid_arguments;
    return mt_memory_desc_permuted(result, desc, permutation);
}

static inline int64_t mt_memory_desc_extent(mt_memory_desc_t desc, int index) {
    return mt_memory_desc_extents(desc)[index];
}

static inline bool mt_memory_desc_equal(mt_memory_desc_t a, mt_memory_desc_t b) {
    return dnnl_memory_desc_equal(mt_md(a), mt_md(b)) != 0;
}

// A copy of one of a primitive descriptor's memory descriptors; the library keeps its own.
static inline dnnl_status_t mt_primitive_desc_memory_desc(
    mt_memory_desc_t *result, const_dnnl_primitive_desc_t primitive, dnnl_query_t what, int index) {
    mt_const_memory_desc found = dnnl_primitive_desc_query_md(primitive, what, index);
    *result = NULL;
    return found ? mt_memory_desc_copy(result, found) : dnnl_invalid_arguments;
}

// The implementation's name, such as "jit:avx512_core"; the string lives as long as `primitive`.
static inline const char *mt_primitive_desc_implementation(const_dnnl_primitive_desc_t primitive) {
    const char *name = NULL;
    if (dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, &name) != dnnl_success) return "";
    return name ? name : "";
}

static inline dnnl_status_t mt_memory_create(
    dnnl_memory_t *result, mt_memory_desc_t desc, dnnl_engine_t engine, void *data) {
    return dnnl_memory_create(result, mt_md(desc), engine, data);
}

// --- Attributes ---

// Attributes of a forward primitive: scratch memory from the caller; dst = [relu](result [+ dst]).
static inline dnnl_status_t mt_forward_attributes(dnnl_primitive_attr_t *result, bool add_to_dst, bool relu) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t operations = NULL;
    *result = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    if (status == dnnl_success) status = dnnl_post_ops_create(&operations);
    if (status == dnnl_success && add_to_dst) status = mt_append_sum(operations);
    if (status == dnnl_success && relu) status = mt_append_relu(operations);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (operations) dnnl_post_ops_destroy(operations);
    if (status == dnnl_success) *result = attributes;
    else if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

// --- Primitive descriptors; besides these the version's own: mt_convolution_backward_data and _weights,
// mt_max_pooling_backward ---

static const int64_t mt_zeros[3] = {0, 0, 0};

// Inference convolution; `bias` may be NULL. Strides and paddings are [t, h, w].
static inline dnnl_status_t mt_convolution_inference(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t bias, mt_memory_desc_t dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes) {
    return mt_convolution_forward(
        result, engine, dnnl_forward_inference, src, weights, bias, dst, strides, mt_zeros, padding, padding,
        attributes);
}

// The same in training, without bias; it remembers nothing. The backward ones take its descriptor as oneDNN's hint.
static inline dnnl_status_t mt_convolution_training(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes) {
    return mt_convolution_forward(
        result, engine, dnnl_forward_training, src, weights, NULL, dst, strides, mt_zeros, padding, padding,
        attributes);
}

// A forward convolution with dilation (0 is none) and its own padding at each side.
static inline dnnl_status_t mt_dilated_convolution(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t dst, const int64_t *dilation, const int64_t *padding_before, const int64_t *padding_after,
    const_dnnl_primitive_attr_t attributes) {
    static const int64_t ones[3] = {1, 1, 1};
    return mt_convolution_forward(
        result, engine, dnnl_forward_inference, src, weights, NULL, dst, ones, dilation, padding_before,
        padding_after, attributes);
}

static inline dnnl_status_t mt_reorder(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t dst,
    const_dnnl_primitive_attr_t attributes) {
    *result = NULL;
    return dnnl_reorder_primitive_desc_create(result, mt_md(src), engine, mt_md(dst), engine, attributes);
}

// --- Processor ---

// Whether bfloat16 products are an instruction here and not emulated: AVX-512 BF16, or AMX above it.
static inline bool mt_has_native_bfloat16(void) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static inline bool mt_has_avx2(void) {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2;
}

// Whether oneDNN may use AVX-512 here (DNNL_MAX_CPU_ISA included).
static inline bool mt_has_avx512(void) {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}

// The same for AMX with bfloat16.
static inline bool mt_has_amx(void) {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
}

#endif
