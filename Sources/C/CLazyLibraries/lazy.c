#include "lazy.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/version.h>
#include <libavformat/version.h>
#include <libavutil/version.h>
#include <libswscale/version.h>

#define TEXT(x) #x
#define VALUE(x) TEXT(x)

typedef struct {
    const char *name, *file, *package;
    void *handle;
} library;

static library avformat
    = {"avformat", "libavformat.so." VALUE(LIBAVFORMAT_VERSION_MAJOR), "libavformat-dev", NULL};
static library avcodec = {"avcodec", "libavcodec.so." VALUE(LIBAVCODEC_VERSION_MAJOR), "libavcodec-dev", NULL};
static library avutil = {"avutil", "libavutil.so." VALUE(LIBAVUTIL_VERSION_MAJOR), "libavutil-dev", NULL};
static library swscale = {"swscale", "libswscale.so." VALUE(LIBSWSCALE_VERSION_MAJOR), "libswscale-dev", NULL};
static library openblas = {"openblas", "libopenblas.so.0", "libopenblas-dev", NULL};
static library pq = {"pq", "libpq.so.5", "libpq5", NULL};

/// Where a call goes: to mixtape_bind at first, then to the function.
typedef struct {
    void *target;
    const char *name;
    library *from;
} function;

void mixtape_bind(void);

/// Looks a function up; called by mixtape_bind. Any number of threads may do so at once: all find the same.
__attribute__((used, visibility("hidden"))) void *mixtape_find(function *wanted) {
    library *from = wanted->from;
    void *handle = dlopen(from->file, RTLD_LAZY | RTLD_LOCAL);
    void *target = handle ? dlsym(handle, wanted->name) : NULL;
    if (!target) {
        // Just as the loader ends a program whose libraries are missing.
        fprintf(
            stderr, "error: %s: %s\nhint: install %s anew, or build mixtape again for the version that is there\n",
            from->file, dlerror(), from->package);
        _exit(1);
    }
    __atomic_store_n(&from->handle, handle, __ATOMIC_RELEASE);
    __atomic_store_n(&wanted->target, target, __ATOMIC_RELEASE);
    return target;
}

static library *all[] = {&avformat, &avcodec, &avutil, &swscale, &openblas, &pq};

bool mixtape_library_is_loaded(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0) return __atomic_load_n(&all[i]->handle, __ATOMIC_ACQUIRE) != NULL;
    }
    return false;
}

bool mixtape_library_is_there(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0) return dlopen(all[i]->file, RTLD_LAZY | RTLD_LOCAL) != NULL;
    }
    return false;
}

// A jump keeps every register but one that no argument is in; mixtape_bind keeps those that arguments are in.
#define LABEL(symbol) ".text\n.p2align 4\n.globl " symbol "\n.hidden " symbol "\n.type " symbol ", %function\n" symbol ":\n"

#if defined(__x86_64__)
#define JUMP(symbol) "leaq mixtape_to_" symbol "(%rip), %r11\n jmp *(%r11)\n"
__asm__(LABEL("mixtape_bind")
    "pushq %rdi\n pushq %rsi\n pushq %rdx\n pushq %rcx\n pushq %r8\n pushq %r9\n pushq %rax\n"
    "subq $128, %rsp\n"
    "movups %xmm0, (%rsp)\n movups %xmm1, 16(%rsp)\n movups %xmm2, 32(%rsp)\n movups %xmm3, 48(%rsp)\n"
    "movups %xmm4, 64(%rsp)\n movups %xmm5, 80(%rsp)\n movups %xmm6, 96(%rsp)\n movups %xmm7, 112(%rsp)\n"
    "movq %r11, %rdi\n call mixtape_find\n movq %rax, %r11\n"
    "movups (%rsp), %xmm0\n movups 16(%rsp), %xmm1\n movups 32(%rsp), %xmm2\n movups 48(%rsp), %xmm3\n"
    "movups 64(%rsp), %xmm4\n movups 80(%rsp), %xmm5\n movups 96(%rsp), %xmm6\n movups 112(%rsp), %xmm7\n"
    "addq $128, %rsp\n"
    "popq %rax\n popq %r9\n popq %r8\n popq %rcx\n popq %rdx\n popq %rsi\n popq %rdi\n"
    "jmp *%r11\n");
#elif defined(__aarch64__)
#define JUMP(symbol) \
    "adrp x16, mixtape_to_" symbol "\n add x16, x16, :lo12:mixtape_to_" symbol "\n ldr x17, [x16]\n br x17\n"
__asm__(LABEL("mixtape_bind")
    "stp x29, x30, [sp, #-224]!\n mov x29, sp\n"
    "stp x0, x1, [sp, #16]\n stp x2, x3, [sp, #32]\n stp x4, x5, [sp, #48]\n stp x6, x7, [sp, #64]\n"
    "str x8, [sp, #80]\n"
    "stp q0, q1, [sp, #96]\n stp q2, q3, [sp, #128]\n stp q4, q5, [sp, #160]\n stp q6, q7, [sp, #192]\n"
    "mov x0, x16\n bl mixtape_find\n mov x17, x0\n"
    "ldp q0, q1, [sp, #96]\n ldp q2, q3, [sp, #128]\n ldp q4, q5, [sp, #160]\n ldp q6, q7, [sp, #192]\n"
    "ldp x0, x1, [sp, #16]\n ldp x2, x3, [sp, #32]\n ldp x4, x5, [sp, #48]\n ldp x6, x7, [sp, #64]\n"
    "ldr x8, [sp, #80]\n ldp x29, x30, [sp], #224\n"
    "br x17\n");
#else
#error "lazy.c needs a jump for this processor"
#endif

#define FUNCTION(library, symbol)                                             \
    __attribute__((used)) static function to_##symbol __asm__("mixtape_to_" #symbol) \
        = {(void *)mixtape_bind, #symbol, &library};                          \
    __asm__(LABEL(#symbol) JUMP(#symbol));

FUNCTION(avformat, av_find_input_format)
FUNCTION(avformat, av_guess_sample_aspect_ratio)
FUNCTION(avformat, av_probe_input_buffer2)
FUNCTION(avformat, av_read_frame)
FUNCTION(avformat, av_seek_frame)
FUNCTION(avformat, av_stream_get_side_data)
FUNCTION(avformat, avformat_alloc_context)
FUNCTION(avformat, avformat_close_input)
FUNCTION(avformat, avformat_find_stream_info)
FUNCTION(avformat, avformat_index_get_entries_count)
FUNCTION(avformat, avformat_index_get_entry)
FUNCTION(avformat, avformat_index_get_entry_from_timestamp)
FUNCTION(avformat, avformat_open_input)
FUNCTION(avformat, avio_alloc_context)
FUNCTION(avformat, avio_context_free)

FUNCTION(avcodec, av_new_packet)
FUNCTION(avcodec, av_packet_alloc)
FUNCTION(avcodec, av_packet_free)
FUNCTION(avcodec, av_packet_get_side_data)
FUNCTION(avcodec, av_packet_unref)
FUNCTION(avcodec, avcodec_alloc_context3)
FUNCTION(avcodec, avcodec_find_decoder)
FUNCTION(avcodec, avcodec_find_decoder_by_name)
FUNCTION(avcodec, avcodec_find_encoder)
FUNCTION(avcodec, avcodec_flush_buffers)
FUNCTION(avcodec, avcodec_free_context)
FUNCTION(avcodec, avcodec_get_name)
FUNCTION(avcodec, avcodec_open2)
FUNCTION(avcodec, avcodec_parameters_to_context)
FUNCTION(avcodec, avcodec_receive_frame)
FUNCTION(avcodec, avcodec_receive_packet)
FUNCTION(avcodec, avcodec_send_frame)
FUNCTION(avcodec, avcodec_send_packet)

FUNCTION(avutil, av_dict_free)
FUNCTION(avutil, av_dict_get)
FUNCTION(avutil, av_dict_set)
FUNCTION(avutil, av_dict_set_int)
FUNCTION(avutil, av_frame_alloc)
FUNCTION(avutil, av_frame_apply_cropping)
FUNCTION(avutil, av_frame_free)
FUNCTION(avutil, av_frame_get_buffer)
FUNCTION(avutil, av_frame_get_side_data)
FUNCTION(avutil, av_free)
FUNCTION(avutil, av_log_set_callback)
FUNCTION(avutil, av_log_set_level)
FUNCTION(avutil, av_malloc)
FUNCTION(avutil, av_pix_fmt_desc_get)
FUNCTION(avutil, av_sha_alloc)
FUNCTION(avutil, av_sha_final)
FUNCTION(avutil, av_sha_init)
FUNCTION(avutil, av_sha_update)
FUNCTION(avutil, av_strerror)

FUNCTION(swscale, sws_freeContext)
FUNCTION(swscale, sws_getCoefficients)
FUNCTION(swscale, sws_getContext)
FUNCTION(swscale, sws_scale)
FUNCTION(swscale, sws_setColorspaceDetails)

FUNCTION(openblas, cblas_dsymm)
FUNCTION(openblas, cblas_dsyrk)
FUNCTION(openblas, cblas_sgemm)
FUNCTION(openblas, openblas_set_num_threads)

FUNCTION(pq, PQclear)
FUNCTION(pq, PQcmdTuples)
FUNCTION(pq, PQconnectdbParams)
FUNCTION(pq, PQconninfoFree)
FUNCTION(pq, PQconninfoParse)
FUNCTION(pq, PQerrorMessage)
FUNCTION(pq, PQexec)
FUNCTION(pq, PQexecParams)
FUNCTION(pq, PQfinish)
FUNCTION(pq, PQfreemem)
FUNCTION(pq, PQgetisnull)
FUNCTION(pq, PQgetlength)
FUNCTION(pq, PQgetvalue)
FUNCTION(pq, PQnfields)
FUNCTION(pq, PQntuples)
FUNCTION(pq, PQresultErrorField)
FUNCTION(pq, PQresultStatus)
FUNCTION(pq, PQserverVersion)
FUNCTION(pq, PQsetNoticeProcessor)
FUNCTION(pq, PQstatus)
