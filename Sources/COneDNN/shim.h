// Every oneDNN call whose shape differs between oneDNN 2.x and 3.x, behind one stable function each.
//
// A port to 3.x changes this file alone: memory descriptors are opaque here (3.x made them so), and each
// primitive descriptor is made by one function that takes what 3.x's own function takes. All functions
// return oneDNN's status; what they make is owned by the caller.
#ifndef MIXTAPE_CONEDNN_SHIM_H
#define MIXTAPE_CONEDNN_SHIM_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "training_kernels.h"

#if DNNL_VERSION_MAJOR != 2
#error "Sources/COneDNN/shim.h is written for oneDNN 2.x; port its functions to this version"
#endif

// libgomp, the threading runtime that Debian's oneDNN is built on; the setting is per calling thread.
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);

// Handles. Swift sees each as an OpaquePointer.
typedef struct mt_memory_desc *mt_memory_desc_t;

static inline const dnnl_memory_desc_t *mt_md(mt_memory_desc_t desc) {
    return (const dnnl_memory_desc_t *)desc;
}

// --- Memory descriptors ---

static inline dnnl_status_t mt_memory_desc_create(
    mt_memory_desc_t *result, int ndims, const int64_t *dims, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t *desc = (dnnl_memory_desc_t *)malloc(sizeof(dnnl_memory_desc_t));
    if (!desc) return dnnl_out_of_memory;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(desc, ndims, dims, type, tag);
    if (status != dnnl_success) {
        free(desc);
        desc = NULL;
    }
    *result = (mt_memory_desc_t)desc;
    return status;
}

static inline void mt_memory_desc_destroy(mt_memory_desc_t desc) { free(desc); }

static inline size_t mt_memory_desc_size(mt_memory_desc_t desc) { return dnnl_memory_desc_get_size(mt_md(desc)); }

// The same array in whatever layout a primitive likes best.
static inline dnnl_status_t mt_memory_desc_create_any(mt_memory_desc_t *result, mt_memory_desc_t desc) {
    return mt_memory_desc_create(
        result, mt_md(desc)->ndims, mt_md(desc)->dims, mt_md(desc)->data_type, dnnl_format_tag_any);
}

// The same memory with its first two of five dimensions swapped.
static inline dnnl_status_t mt_memory_desc_create_swapped(mt_memory_desc_t *result, mt_memory_desc_t desc) {
    static const int permutation[5] = {1, 0, 2, 3, 4};
    *result = NULL;
    if (mt_md(desc)->ndims != 5) return dnnl_invalid_arguments;
    dnnl_memory_desc_t *copy = (dnnl_memory_desc_t *)malloc(sizeof(dnnl_memory_desc_t));
    if (!copy) return dnnl_out_of_memory;
    dnnl_status_t status = dnnl_memory_desc_permute_axes(copy, mt_md(desc), permutation);
    if (status != dnnl_success) {
        free(copy);
        copy = NULL;
    }
    *result = (mt_memory_desc_t)copy;
    return status;
}

static inline int mt_memory_desc_rank(mt_memory_desc_t desc) { return mt_md(desc)->ndims; }
static inline int64_t mt_memory_desc_extent(mt_memory_desc_t desc, int index) { return mt_md(desc)->dims[index]; }

static inline bool mt_memory_desc_equal(mt_memory_desc_t a, mt_memory_desc_t b) {
    return dnnl_memory_desc_equal(mt_md(a), mt_md(b)) != 0;
}

// A copy of one of a primitive descriptor's memory descriptors; the library keeps its own.
static inline dnnl_status_t mt_primitive_desc_memory_desc(
    mt_memory_desc_t *result, const_dnnl_primitive_desc_t primitive, dnnl_query_t what, int index) {
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(primitive, what, index);
    *result = NULL;
    if (!found) return dnnl_invalid_arguments;
    dnnl_memory_desc_t *copy = (dnnl_memory_desc_t *)malloc(sizeof(dnnl_memory_desc_t));
    if (!copy) return dnnl_out_of_memory;
    *copy = *found;
    *result = (mt_memory_desc_t)copy;
    return dnnl_success;
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
    if (status == dnnl_success && add_to_dst) status = dnnl_post_ops_append_sum(operations, 1.0f);
    if (status == dnnl_success && relu)
        status = dnnl_post_ops_append_eltwise(operations, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (operations) dnnl_post_ops_destroy(operations);
    if (status == dnnl_success) *result = attributes;
    else if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

// --- Primitive descriptors ---

// Inference convolution; `bias` may be NULL. Strides and paddings are [t, h, w].
static inline dnnl_status_t mt_convolution_forward_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t bias, mt_memory_desc_t dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_convolution_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_direct, mt_md(src), mt_md(weights), mt_md(bias),
        mt_md(dst), strides, padding, padding);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, NULL);
}

// Inference max pooling; cells outside the picture do not take part. Kernel, strides and paddings are [t, h, w].
static inline dnnl_status_t mt_max_pooling_forward_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t dst,
    const int64_t *kernel, const int64_t *strides, const int64_t *padding_before,
    const int64_t *padding_after, const_dnnl_primitive_attr_t attributes) {
    dnnl_pooling_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_pooling_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_pooling_max, mt_md(src), mt_md(dst), strides, kernel,
        padding_before, padding_after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, NULL);
}

// Training's three directions of a convolution without bias. The forward one remembers nothing; the backward ones
// take its descriptor as oneDNN's hint.
static inline dnnl_status_t mt_convolution_training_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_convolution_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_convolution_forward_desc_init(
        &desc, dnnl_forward_training, dnnl_convolution_direct, mt_md(src), mt_md(weights), NULL, mt_md(dst),
        strides, padding, padding);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, NULL);
}

static inline dnnl_status_t mt_convolution_backward_data_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t diff_src, mt_memory_desc_t weights,
    mt_memory_desc_t diff_dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t forward) {
    dnnl_convolution_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_convolution_backward_data_desc_init(
        &desc, dnnl_convolution_direct, mt_md(diff_src), mt_md(weights), mt_md(diff_dst), strides, padding,
        padding);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, forward);
}

static inline dnnl_status_t mt_convolution_backward_weights_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t diff_weights,
    mt_memory_desc_t diff_dst, const int64_t *strides, const int64_t *padding,
    const_dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t forward) {
    dnnl_convolution_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_convolution_backward_weights_desc_init(
        &desc, dnnl_convolution_direct, mt_md(src), mt_md(diff_weights), NULL, mt_md(diff_dst), strides, padding,
        padding);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, forward);
}

// A forward convolution with dilation (0 is none) and its own padding at each side.
static inline dnnl_status_t mt_dilated_convolution_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t weights,
    mt_memory_desc_t dst, const int64_t *dilation, const int64_t *padding_before, const int64_t *padding_after,
    const_dnnl_primitive_attr_t attributes) {
    static const int64_t ones[3] = {1, 1, 1};
    dnnl_convolution_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_direct, mt_md(src), mt_md(weights), NULL, mt_md(dst), ones,
        dilation, padding_before, padding_after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, NULL);
}

// Max pooling that remembers in its workspace which cell won, and its backward.
static inline dnnl_status_t mt_max_pooling_training_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t src, mt_memory_desc_t dst,
    const int64_t *kernel, const int64_t *strides, const int64_t *padding_before,
    const int64_t *padding_after, const_dnnl_primitive_attr_t attributes) {
    dnnl_pooling_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_pooling_forward_desc_init(
        &desc, dnnl_forward_training, dnnl_pooling_max, mt_md(src), mt_md(dst), strides, kernel, padding_before,
        padding_after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, NULL);
}

static inline dnnl_status_t mt_max_pooling_backward_primitive_desc(
    dnnl_primitive_desc_t *result, dnnl_engine_t engine, mt_memory_desc_t diff_src, mt_memory_desc_t diff_dst,
    const int64_t *kernel, const int64_t *strides, const int64_t *padding_before,
    const int64_t *padding_after, const_dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t forward) {
    dnnl_pooling_desc_t desc;
    *result = NULL;
    dnnl_status_t status = dnnl_pooling_backward_desc_init(
        &desc, dnnl_pooling_max, mt_md(diff_src), mt_md(diff_dst), strides, kernel, padding_before,
        padding_after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &desc, attributes, engine, forward);
}

static inline dnnl_status_t mt_reorder_primitive_desc(
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

#endif
