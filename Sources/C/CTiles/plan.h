#ifndef MIXTAPE_CTILES_PLAN_H
#define MIXTAPE_CTILES_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tiles.h"

enum {
    ROWS = 16,         // of a tile at most
    DEPTH = 32,        // channels of the input in a tile's row
    COLUMNS = 32,      // channels of the output that are multiplied together: two tiles
    TILE_BYTES = 1024,
    WINDOW = 8,        // values of one channel around a cell, where the source is planar
    LONGEST_LINE = 4096, // of a planar source
    MOST_CHANNELS = 4096
};

// libgomp's own names for what "#pragma omp parallel" and "#pragma omp barrier" call, which Swift's clang has no library
// for. oneDNN's threads are these.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void GOMP_barrier(void);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);

#define KERNEL __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512bf16")))
#define INLINE_KERNEL static inline __attribute__((always_inline)) KERNEL

// How the work is cut up. A picture is what frames belong to: a clip, or one frame where no taps lie in time.
//
// The source is copied into lines with zeros around each frame. One column of zeros serves the end of a line and the start of
// the next, so that cells of a whole frame lie at one distance from each other, and tiles run over the ends of lines; what
// they find for the cells between lines is thrown away. With strides a run of cells is a line. Where frames are so small that
// this leaves tiles empty, there is a plane for each column of taps, of those cells alone that it meets, and for each remainder
// of lines. A planar source becomes lines of windows, WINDOW values of each channel around a cell: 7 × 7 taps of 3 channels
// are 7 taps of 32 then.
typedef struct plan {
    bool is_planar;
    bool is_direct;       // the source's own lines are read: nothing is padded
    bool is_dense;        // planes hold no cells but those of the output
    int pictures;
    int frames, output_frames;   // of a picture
    int output_height, output_width;
    int lines, line_cells;       // of a plane; of a line with its zeros
    int line_planes;             // for each column of taps: one for each remainder of lines
    size_t cell_bytes;
    size_t line_bytes, plane_bytes, frame_bytes;
    int group;            // pictures that are copied and multiplied together, because their lines fit a cache
    int depth_steps;      // tiles that the channels of a cell take
    int taps[3];          // those that are addresses
    size_t column_bytes;  // from a column of taps to the next; those along time are frames
    int column_blocks;    // of COLUMNS
    size_t block_weights; // bytes for one of them
    // Tiles of a frame: runs of cells, each in tiles of `rows`.
    int run_cells;        // of a frame, or a line, with those between lines
    int run_line;         // cells from line to line in a run
    size_t run_bytes;     // from run to run
    size_t step_bytes;    // from cell to cell
    int rows, run_tiles, frame_tiles;
} plan;

/// The same for every number of threads.
plan mixtape_tiles_plan(const mixtape_tiles *shape);

/// Where the lines that a line of taps meets begin.
static inline size_t line_of_tap(const plan *plan, int tap) {
    return tap / plan->line_planes * plan->line_bytes + tap % plan->line_planes * plan->plane_bytes;
}

static inline size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }
static inline int smaller(int a, int b) { return a < b ? a : b; }

/// Part `index` of `count` parts of `total`: where it starts.
static inline int part_of(int total, int index, int count) { return (int)((int64_t)total * index / count); }

/// Registers 0 to 3 are sums and 4 and 5 the first factors, of so many rows; 6 and 7 are the second factors, whole tiles.
void mixtape_tiles_configure(int rows);

/// Copies the frames [from, to) of a group of pictures, counted over all of them, into lines.
void mixtape_tiles_copy_lines(
    const mixtape_tiles *shape, const plan *plan, const uint16_t *source, int first_picture, int from, int to,
    char *lines);

#endif
