/* How the steps of a chunk are divided among threads. */
#ifndef RNNCORE_CELLS_TIME_LOOP_H
#define RNNCORE_CELLS_TIME_LOOP_H

#include "cells/cell.h"

/* The gates of one chunk, in bytes for each thread: still in L2 when the time loop reads them; and
 * compact rows of a chunk for each thread, enough to keep the projection busy. */
enum {
    RNNCORE_CHUNK_BYTES = 256 << 10,
    RNNCORE_CHUNK_ROWS_MIN = 128,
    RNNCORE_CHUNK_ROWS_MAX = 512
};

/* Compact rows of one chunk of this run: at least one step, at most all. */
int64_t rnncore_chunk_rows(const rnncore_context *context, const rnncore_run *run);

/* Called for each thread's rows of a chunk: forwards after its last step, to scatter outputs, and
 * backwards before its first, to gather their gradients. */
typedef void (*rnncore_share_fn)(void *arg, const rnncore_run *run, int64_t k0, int64_t k1,
                                 const rnncore_rows *rows);

/* Runs compact steps [k0, k1) forwards, or backwards from k1 - 1 to k0, and `share` beside them.
 * The bits do not depend on the division:
 *   - batches of many rows: every thread takes rows of its own through all steps, no barrier;
 *   - few rows and many units: every thread takes unit groups of each step, with a barrier (not
 *     with recurrent dropout, whose steps are several products);
 *   - small work: the calling thread alone. */
void rnncore_time_loop(const rnncore_run *run, int backward, int64_t k0, int64_t k1,
                       rnncore_share_fn share, void *arg);

/* Threads worth using for this many floating-point operations in one parallel section. */
int rnncore_threads_for(const rnncore_run *run, int64_t flops);

#endif
