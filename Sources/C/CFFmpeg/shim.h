// What Swift cannot import from FFmpeg's headers by itself.
#ifndef MIXTAPE_CFFMPEG_SHIM_H
#define MIXTAPE_CFFMPEG_SHIM_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/dict.h>
#include <libavutil/display.h>
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
#include <libavutil/sha.h>
#include <libswscale/swscale.h>

// Macros that are expressions or casts do not reach Swift.
static const int64_t mixtape_no_timestamp = AV_NOPTS_VALUE;
static const int mixtape_error_end = AVERROR_EOF;
static const int mixtape_error_exit = AVERROR_EXIT;
static const int mixtape_error_again = AVERROR(EAGAIN);
static const int mixtape_error_io = AVERROR(EIO);
static const int mixtape_error_refused = AVERROR(EPERM);
static const int mixtape_error_invalid_data = AVERROR_INVALIDDATA;

// The last error that FFmpeg logged on this thread; "" after mixtape_log_clear.
static inline char *mixtape_log_message(void) {
    static _Thread_local char message[256];
    return message;
}

static inline void mixtape_log_clear(void) { mixtape_log_message()[0] = 0; }

// How many errors decoders logged on this thread, ever.
static inline unsigned *mixtape_decoder_errors(void) {
    static _Thread_local unsigned count;
    return &count;
}

// Whether an edit list leaves the frame of an index's entry out; the flags share a word with the size.
static inline _Bool mixtape_is_left_out(const AVIndexEntry *entry) {
    return (entry->flags & AVINDEX_DISCARD_FRAME) != 0;
}

// A log callback takes a va_list, which Swift cannot write.
static inline void mixtape_log_capture(void *source, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    vsnprintf(mixtape_log_message(), 256, format, arguments);
    const AVClass *kind = source ? *(const AVClass *const *)source : NULL;
    if (kind && (kind->get_category ? kind->get_category(source) : kind->category) == AV_CLASS_CATEGORY_DECODER)
        ++*mixtape_decoder_errors();
}

// Nothing is printed; errors are kept for mixtape_log_message.
static inline void mixtape_log_install(void) {
    av_log_set_level(AV_LOG_QUIET);
    av_log_set_callback(mixtape_log_capture);
}

#endif
