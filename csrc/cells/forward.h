#ifndef RNNCORE_CELLS_FORWARD_H
#define RNNCORE_CELLS_FORWARD_H

#include "cell.h"

/* A forward pass: the buffers and where its results go. `run` comes first: the time loop hands it
 * to the functions that need the rest. */
typedef struct rnncore_forward_run {
    rnncore_run run;
    const rnncore_batch *batch;
    rnncore_view y;
} rnncore_forward_run;

/* Checks the batch and counts its rows; `context` may be NULL to ask for sizes. */
rnncore_status rnncore_run_prepare(rnncore_run *run, rnncore_context *context,
                                   const rnncore_weights *weights, const rnncore_batch *batch,
                                   int training);

/* Takes tables and buffers from the arena (or counts their bytes). */
rnncore_status rnncore_run_take(rnncore_run *run, const rnncore_context *context,
                                const rnncore_batch *batch, rnncore_arena *arena);

void rnncore_run_forward(rnncore_forward_run *f);

#endif
