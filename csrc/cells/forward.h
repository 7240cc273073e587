#ifndef RNNCORE_CELLS_FORWARD_H
#define RNNCORE_CELLS_FORWARD_H

#include "cells/cell.h"

/* Checks the batch and plans the order of its rows. To ask for sizes it may lack recurrent_mask. */
rnncore_status rnncore_run_prepare(rnncore_run *run, const rnncore_context *context,
                                   const rnncore_weights *weights, const rnncore_batch *batch,
                                   int training);

/* Takes tables and buffers from the arena (or counts their bytes). */
void rnncore_run_take(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena);

/* The most bytes of scratch that rnncore_forward needs for a batch of this size, whatever its
 * lengths or mask. */
rnncore_status rnncore_forward_most_workspace(const rnncore_context *context,
                                              const rnncore_weights *weights, int64_t batch,
                                              int64_t steps, size_t *bytes);

/* Counts what that takes at most for a dense batch of as many rows, of as many steps or fewer, with
 * any strides. */
void rnncore_run_take_most(rnncore_run *run, const rnncore_batch *batch, rnncore_arena *arena);

/* Runs all steps and writes the outputs of the batch. */
void rnncore_run_forward(rnncore_run *run, const rnncore_batch *batch);

#endif
